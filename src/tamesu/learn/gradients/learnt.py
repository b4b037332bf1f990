"""`Learnt`: a policy that was learnt, and how that went. Refuses to be learnt from again."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tamesu.evaluate import Rounds
from tamesu.learn.gradients.training import Judged
from tamesu.learn.plan import Plan
from tamesu.learn.target import target_of
from tamesu.policy.towers import TwoTower


@dataclass(frozen=True, slots=True, eq=False)
class Learnt:
    """A policy as arrays: nothing of it needs PyTorch.

    Attributes:
        policy: both towers.
        plan: how it was learnt.
        held_out: what rounds that were held out say of it; it was chosen by that, so it flatters a little.
        epoch: the one that was kept.
        epochs: how many there were.
    """

    policy: TwoTower
    plan: Plan
    held_out: Judged
    epoch: int
    epochs: int

    def shares(self, rounds: Rounds) -> NDArray[np.float64]:
        """(m, K) its probabilities among eligible arms: a target policy for `tamesu.evaluate`."""
        return target_of(self.policy)(rounds)
