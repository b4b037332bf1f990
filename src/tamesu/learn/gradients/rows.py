"""`Rows`: rounds as tensors, with where categories are. Refuses to change what a round says."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tamesu.evaluate import Rounds
from tamesu.learn.plan import Plan

Floats: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """n rounds.

    Attributes:
        context: (n, d) single precision.
        features: (K, a).
        chosen: (n,).
        reward: (n,) in units of `unit`.
        propensity: (n,).
        eligible: (n, K), or none for all arms.
        fields, arm_fields: which columns are the categories of one field.
        whether: rewards lie in [0, 1], as those of things that happened or not.
        unit: 1 there, else the deviation of rewards: steps do not depend on the currency.
        level: 0 there, else the mean of rewards, in that unit.
    """

    context: Tensor
    features: Tensor
    chosen: Tensor
    reward: Tensor
    propensity: Tensor
    eligible: Tensor | None
    fields: tuple[slice, ...]
    arm_fields: tuple[slice, ...]
    whether: bool
    unit: float
    level: float

    @property
    def arms(self) -> int:
        """K."""
        return len(self.features)

    def __len__(self) -> int:
        return len(self.chosen)

    def take(self, places: Tensor) -> Rows:
        """Those at such places."""
        return replace(
            self,
            context=self.context[places],
            chosen=self.chosen[places],
            reward=self.reward[places],
            propensity=self.propensity[places],
            eligible=None if self.eligible is None else self.eligible[places],
        )


def rows_of(
    rounds: Rounds, plan: Plan, fields: tuple[slice, ...] = (), arm_fields: tuple[slice, ...] = ()
) -> Rows:
    """Rounds, on the device of the plan."""
    device = torch.device(plan.device)

    def single(values: Floats) -> Tensor:
        return torch.as_tensor(values.astype(np.float32), device=device)

    eligible = rounds.eligible
    reward = rounds.reward
    whether = bool(((reward >= 0) & (reward <= 1)).all())
    unit = 1.0 if whether else float(reward.std()) or 1.0
    return Rows(
        context=single(rounds.context),
        features=single(rounds.features),
        chosen=torch.as_tensor(rounds.chosen, device=device),
        reward=single(reward / unit),
        propensity=single(rounds.propensity),
        eligible=None if eligible is None else torch.as_tensor(eligible, device=device),
        fields=fields,
        arm_fields=arm_fields,
        whether=whether,
        unit=unit,
        level=0.0 if whether else float(reward.mean()) / unit,
    )
