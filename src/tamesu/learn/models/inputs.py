"""What a model is told of a round besides its arm, and rewards as shares of their range. Refuses to know any model."""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from tamesu.evaluate import Rounds

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


def known(rounds: Rounds, positions: int) -> Floats:
    """(n, d + positions) columns of the context, and one of each position where there are several."""
    if positions == 1:
        return rounds.context
    places = (rounds.position[:, None] == np.arange(positions)).astype(np.float64)
    return np.concatenate([rounds.context, places], axis=1)


def positions_of(rounds: Rounds) -> int:
    """How many there are."""
    return int(rounds.position.max(initial=0)) + 1


def deviations(columns: Floats) -> Floats:
    """(d,) standard deviations; 1 of constants."""
    deviation = columns.std(axis=0) if len(columns) else np.ones(columns.shape[1])
    return np.where(deviation > 0.0, deviation, 1.0)
