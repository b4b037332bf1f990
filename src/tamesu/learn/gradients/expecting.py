"""Reward models of two towers, cross-fitted: what is expected of a round was learnt from other clusters' rounds.

Refuses to be asked of a round that a model learnt from, where another one did not.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tamesu.evaluate import Rounds, folds_of
from tamesu.learn.gradients.checkpoint import Checkpoint
from tamesu.learn.gradients.held_out import apart, by_loss
from tamesu.learn.gradients.network import Towers
from tamesu.learn.gradients.rows import Rows
from tamesu.learn.gradients.training import trained
from tamesu.learn.plan import Plan
from tamesu.learn.progress import Tell


class Expecting:
    """Models of so many folds.

    Attributes:
        models: one for each fold, that did not learn from it.
        fold: (n,) of the rounds that they learnt from.
    """

    def __init__(self, models: Sequence[Towers], fold: Tensor, rows: Rows) -> None:
        self.models, self.fold = tuple(models), fold
        self._rows = rows

    def guess(self, places: Tensor, arms: Tensor | None) -> Tensor:
        """(m, c) expected rewards of rounds that were learnt from, in their unit, each by the model of its own fold."""
        context, fold = self._rows.context[places], self.fold[places]
        with torch.no_grad():
            told = [self._expected(model, context, arms) for model in self.models]
        return torch.stack(told)[fold, torch.arange(len(places), device=fold.device)]

    @torch.no_grad()
    def of_others(self, rounds: Rounds) -> NDArray[np.float64]:
        """(m, K) of rounds that no model learnt from: the mean of all."""
        context = torch.as_tensor(rounds.context.astype(np.float32), device=self.fold.device)
        told = torch.stack([self._expected(model, context, None) for model in self.models])
        found: NDArray[np.float64] = told.mean(dim=0).double().cpu().numpy()
        return found * self._rows.unit

    def _expected(self, model: Towers, context: Tensor, arms: Tensor | None) -> Tensor:
        scores = model.scores(context, arms)
        return torch.sigmoid(scores) if self._rows.whether else scores + self._rows.level


def expecting(
    rounds: Rounds, rows: Rows, plan: Plan, tell: Tell, checkpoint: Checkpoint | None
) -> Expecting:
    """Models that learnt from all of those rounds, each but its own fold."""
    model = msgspec.structs.replace(plan.as_regression(), dim=plan.model_dim)
    fold = folds_of(rounds, plan.folds)
    models = []
    for number in range(plan.folds):
        others = (fold != number).nonzero()[0]
        learnt, held = apart(rounds.take(others), plan.held_out / 2, lot=number + 1)
        towers = trained(
            f"model {number + 1}",
            rows.take(torch.as_tensor(others[learnt], device=plan.device)),
            model,
            by_loss(rows.take(torch.as_tensor(others[held], device=plan.device))),
            seed=plan.seed * 1_000 + number + 1,
            tell=tell,
            checkpoint=checkpoint,
        ).towers
        models.append(towers.requires_grad_(requires_grad=False))
    return Expecting(models, torch.as_tensor(fold, device=plan.device), rows)
