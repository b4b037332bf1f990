"""Two towers as PyTorch sees them, and as arrays when they have learnt. Refuses to know what is climbed."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

from tamesu.learn.gradients.rows import Rows
from tamesu.learn.plan import Plan
from tamesu.policy.towers import Tower


class Scaled(nn.Module):
    """Columns brought to one scale: away from their mean, over their deviation.

    Args:
        columns: (n, width) those that are learnt from.
    """

    centre: Tensor
    scale: Tensor

    def __init__(self, columns: Tensor) -> None:
        super().__init__()
        # In single precision the mean of equal numbers is not that number, and a constant would be stretched.
        exactly = columns.double()
        centre = exactly.mean(dim=0)
        spread = ((exactly - centre) ** 2).mean(dim=0).sqrt()
        scale = torch.where(spread > SAME, spread, torch.ones_like(spread))
        self.register_buffer("centre", centre.float())
        self.register_buffer("scale", scale.float())

    def forward(self, columns: Tensor) -> Tensor:
        """(m, width)."""
        scaled: Tensor = (columns - self.centre) / self.scale
        return scaled

    def straight(self) -> tuple[Tensor, Tensor]:
        """Factors and what is added, (width,) in double precision."""
        by = 1.0 / self.scale.double()
        return by, -self.centre.double() * by


class Net(nn.Module):
    """Columns to points: embeddings of categories, the other columns brought to one scale, layers.

    Args:
        columns: (n, width) those that are learnt from, for the scales.
        blocks: where columns are categories of one field.
        hidden: widths of hidden layers.
        dim: of a point.
        embedding: numbers that stand for a category, at most.
    """

    plain: Tensor

    def __init__(
        self,
        columns: Tensor,
        blocks: Sequence[slice],
        hidden: Sequence[int],
        dim: int,
        embedding: int,
    ) -> None:
        super().__init__()
        self._blocks = tuple(blocks)
        numbers = np.ones(columns.shape[1], np.bool_)
        for block in self._blocks:
            numbers[block] = False
        self.register_buffer("plain", torch.as_tensor(np.flatnonzero(numbers)))
        self.scaled = Scaled(columns[:, self.plain])
        sizes = [block.stop - block.start for block in self._blocks]
        narrow = [min(values, embedding) for values in sizes]
        self.tables = nn.ParameterList(
            torch.randn(values, most) / most**0.5
            for values, most in zip(sizes, narrow, strict=True)
        )
        widths = [int(numbers.sum()) + sum(narrow), *hidden, dim]
        steps = list(itertools.pairwise(widths))
        self.weights = nn.ParameterList(_even(into, (into, out)) for into, out in steps)
        self.biases = nn.ParameterList(_even(into, (out,)) for into, out in steps)

    def forward(self, columns: Tensor) -> Tensor:
        """(m, dim) of (m, width)."""
        parts = [self.scaled(columns[:, self.plain])]
        for block, table in zip(self._blocks, self.tables, strict=True):
            parts.append(columns[:, block] @ table)
        height = torch.cat(parts, dim=1)
        for number, (weight, bias) in enumerate(zip(self.weights, self.biases, strict=True)):
            height = (torch.relu(height) if number else height) @ weight + bias
        return height

    @torch.no_grad()
    def arrays(self) -> Tower:
        """The same function as plain layers: scales and embeddings are folded into the first matrix."""
        first: Tensor = self.weights[0].double()
        count, width = len(self.plain), len(self.plain) + sum(map(len, self.tables))
        straight = torch.zeros((width, len(first)), dtype=first.dtype, device=first.device)
        by, away = self.scaled.straight()
        straight[self.plain, torch.arange(count)] = by
        for block, table in zip(self._blocks, self.tables, strict=True):
            straight[block, count : count + table.shape[1]] = table.double()
            count += table.shape[1]
        bias = self.biases[0].double() + away @ first[: len(away)]
        weights = [straight @ first, *list(self.weights)[1:]]
        biases = [bias, *list(self.biases)[1:]]
        return Tower(tuple(map(_array, weights)), tuple(map(_array, biases)))


class Straight(nn.Module):
    """(1, columns) brought to one scale, and nothing learnt: with a vector for each arm, scores are linear.

    Args:
        columns: (n, width) those that are learnt from.
    """

    def __init__(self, columns: Tensor) -> None:
        super().__init__()
        self.scaled = Scaled(columns)

    def forward(self, columns: Tensor) -> Tensor:
        """(m, 1 + width)."""
        scaled: Tensor = self.scaled(columns)
        return torch.cat([torch.ones_like(scaled[:, :1]), scaled], dim=1)

    def arrays(self) -> Tower:
        """The same as one layer."""
        by, away = self.scaled.straight()
        weight = torch.cat([torch.zeros_like(by)[:, None], torch.diag(by)], dim=1)
        return Tower((_array(weight),), (_array(torch.cat([torch.ones_like(by[:1]), away])),))


SAME = 1e-12
"""A column that differs by no more is the same for all: it is not stretched."""


class Towers(nn.Module):
    """Scores <f(x), g(a)> / temperature.

    g(a) is what the item tower says of an arm's features, and a vector of its own where `ids` are wanted: that one
    starts at 0 beside a tower, so an arm that is new is scored by its features alone.
    """

    features: Tensor

    def __init__(self, rows: Rows, plan: Plan, *, warm: bool = False) -> None:
        super().__init__()
        # A regression's scores are rewards, whatever temperature they are served at.
        self.temperature: float = 1.0 if plan.estimator == "regression" else plan.heat(warm=warm)
        arms, told = rows.features.shape
        with_ids = not told if plan.ids is None else plan.ids or not told
        towers = plan.scores == "two_tower"
        dim = plan.dim if towers else 1 + rows.context.shape[1]
        self.query: Net | Straight = (
            Net(rows.context, rows.fields, plan.query, dim, plan.embedding)
            if towers
            else Straight(rows.context)
        )
        self.item: Net | None = None
        if told:
            hidden = plan.item if towers else ()
            self.item = Net(rows.features, rows.arm_fields, hidden, dim, plan.embedding)
        fresh = torch.zeros if told or not towers else torch.randn
        start = fresh(arms, dim) / dim**0.5
        self.ids = nn.Parameter(start) if with_ids else None
        self.register_buffer("features", rows.features)

    def items(self, arms: Tensor | None = None) -> Tensor:
        """(c, dim) of those arms; none for all."""
        parts: list[Tensor] = []
        if self.item is not None:
            parts.append(self.item(self.features if arms is None else self.features[arms]))
        if self.ids is not None:
            parts.append(self.ids if arms is None else self.ids[arms])
        return torch.stack(parts).sum(dim=0)

    def scores(self, context: Tensor, arms: Tensor | None = None) -> Tensor:
        """(m, c) of such arms; none for all."""
        scores: Tensor = self.query(context) @ self.items(arms).T / self.temperature
        return scores

    def scored(self, context: Tensor, chosen: Tensor) -> Tensor:
        """(m,) each context with one arm."""
        points: Tensor = self.query(context)
        arms, which = torch.unique(chosen, return_inverse=True)
        return (points * self.items(arms)[which]).sum(dim=1) / self.temperature


def _even(into: int, shape: tuple[int, ...]) -> Tensor:
    """Even in +-1 / sqrt(into)."""
    return (torch.rand(shape) * 2.0 - 1.0).div(max(1, into) ** 0.5)


def _array(values: Tensor) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    return values.detach().cpu().numpy().astype(np.float32)
