"""`TwoTower`: what a two-tower policy has learnt, as plain arrays. PyTorch makes it; nothing here needs PyTorch.

    score(x, a) = <f(x), g(a)>,   pi(a | x) = softmax over arms of score(x, a) / temperature

f is the query tower on the columns of a context, g the item tower on those of an arm. Refuses to learn, to read
a file, and to explore beyond its softmax.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from tamesu.base import InvalidInput, ShapeMismatch
from tamesu.base.feature import Schema

Floats: TypeAlias = NDArray[np.float64]
Singles: TypeAlias = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Tower:
    """A network of layers, each of which is straight, with max(0, .) between two of them.

    h_0 = columns, h_k = max(0, h_(k-1) W_k + b_k), and the last one without the maximum. Embeddings of categories
    are part of the first matrix: a row of it for each category.

    Attributes:
        weights: of each layer (in, out), single precision.
        biases: of each layer (out,).
    """

    weights: tuple[Singles, ...]
    biases: tuple[Singles, ...]

    @property
    def width(self) -> int:
        """How many columns it reads."""
        return len(self.weights[0])

    @property
    def dim(self) -> int:
        """How many numbers it gives."""
        return len(self.biases[-1])

    def check(self) -> None:
        """Raises where layers do not fit each other.

        Raises:
            InvalidInput: no layer, one that does not follow from the one before, or numbers that are not finite.
        """
        if not self.weights or len(self.weights) != len(self.biases):
            raise InvalidInput("a tower must have layers, each with weights and a bias")
        width = len(self.weights[0]) if self.weights[0].ndim else 0
        for number, (weight, bias) in enumerate(zip(self.weights, self.biases, strict=True)):
            if bias.ndim != 1 or weight.shape != (width, len(bias)):
                raise InvalidInput(
                    f"layer {number} of a tower must be ({width}, n) with a bias (n,), got "
                    f"{weight.shape} with {bias.shape}"
                )
            if not (np.isfinite(weight).all() and np.isfinite(bias).all()):
                raise InvalidInput(f"layer {number} of a tower must be finite")
            width = len(bias)

    def of(self, rows: Floats | Singles) -> Singles:
        """(m, dim) of columns (m, width).

        Raises:
            ShapeMismatch: columns of another number.
        """
        if rows.ndim != 2 or rows.shape[1] != self.width:  # noqa: PLR2004 - rows and columns
            raise ShapeMismatch(f"a tower's columns must be (m, {self.width}), got {rows.shape}")
        height: Singles = rows.astype(np.float32)
        last = len(self.weights) - 1
        for number, (weight, bias) in enumerate(zip(self.weights, self.biases, strict=True)):
            height = height @ weight + bias
            if number < last:
                np.maximum(height, 0, out=height)
        return height


@dataclass(frozen=True, slots=True, eq=False)
class TwoTower:
    """Both towers and the arms that were there when they learnt.

    Attributes:
        context: the schema whose columns the query tower reads.
        arm_features: the schema whose columns the item tower reads.
        query: f.
        item: g; none where arms tell nothing of themselves and are known by their ids alone.
        arms: K ids.
        embeddings: (K, dim) g of each arm.
        temperature: above 0.
        learnt: how, as plain data: estimator, seed, held-out estimate.
    """

    context: Schema
    arm_features: Schema
    query: Tower
    item: Tower | None
    arms: tuple[str, ...]
    embeddings: Singles
    temperature: float
    learnt: dict[str, object]

    def placed(self, ids: Sequence[str], features: Floats) -> Singles:
        """(n, dim) where arms are, by their ids and columns (n, a).

        An arm that was there when the towers learnt is where they put it, whatever it tells by now. One that came since
        is where the item tower puts what it tells; where there is no item tower, in the middle of those that were there.

        Raises:
            ShapeMismatch: fewer columns than the item tower reads, where it is asked.
        """
        if tuple(ids) == self.arms:
            return self.embeddings
        known = {arm: row for row, arm in enumerate(self.arms)}
        rows = np.fromiter((known.get(arm, -1) for arm in ids), np.intp, len(ids))
        new = np.flatnonzero(rows < 0)
        placed: Singles = self.embeddings[rows]
        if len(new) and self.item is None:
            placed[new] = self.embeddings.mean(axis=0)
        elif len(new) and self.item is not None:
            placed[new] = self.item.of(features[new, : self.item.width])
        return placed

    def shares(
        self,
        contexts: Floats,
        embeddings: Singles | None = None,
        eligible: NDArray[np.bool_] | None = None,
    ) -> Floats:
        """(m, K) probabilities in contexts (m, width): of its own arms, or of such embeddings (K, dim).

        Args:
            contexts: columns.
            embeddings: of arms; none for its own.
            eligible: (m, K) who may be chosen; none for all.
        """
        among = self.embeddings if embeddings is None else embeddings
        scores = (self.query.of(contexts) @ among.T).astype(np.float64) / self.temperature
        if eligible is not None:
            scores[~eligible] = -np.inf
        scores -= scores.max(axis=1, keepdims=True)
        np.exp(scores, out=scores)
        scores /= scores.sum(axis=1, keepdims=True)
        return scores
