"""Rewards as shares of their range. Refuses to know any model."""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]


class Scale(NamedTuple):
    """Between which rewards lay.

    Attributes:
        low, high: the least and the greatest.
        ends: whether there were no others.
    """

    low: float
    high: float
    ends: bool

    @property
    def is_flat(self) -> bool:
        """Whether nothing is to be learnt."""
        return self.low == self.high

    def shares(self, rewards: Floats) -> Floats:
        """(n,) in [0, 1]."""
        return (rewards - self.low) / (self.high - self.low)

    def rewards(self, shares: Floats) -> Floats:
        """(…) as they were."""
        return self.low + (self.high - self.low) * shares


def scale_of(rewards: Floats) -> Scale:
    """Of rewards (n,); flat where there are none."""
    if not len(rewards):
        return Scale(0.0, 0.0, ends=True)
    low, high = float(rewards.min()), float(rewards.max())
    return Scale(low, high, ends=bool(((rewards == low) | (rewards == high)).all()))
