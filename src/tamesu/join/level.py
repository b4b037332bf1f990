"""`Level`: how many of something a table holds right now, per bandit.

Refuses to know what is held.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tamesu.join.pool import grown


class Level:
    """A gauge per bandit, moved by whoever puts things into a table or takes them out."""

    __slots__ = ("_held",)

    def __init__(self) -> None:
        self._held = np.zeros(0, dtype=np.int64)

    def up(self, bandits: NDArray[np.int64]) -> None:
        """One more for each of `bandits` (n,), given by place."""
        self._move(bandits, 1)

    def down(self, bandits: NDArray[np.int64]) -> None:
        """One less for each of `bandits` (n,)."""
        self._move(bandits, -1)

    def of(self, bandit: int) -> int:
        """How many there are of one bandit."""
        return int(self._held[bandit]) if bandit < len(self._held) else 0

    def total(self) -> int:
        """How many there are in all."""
        return int(self._held.sum())

    def _move(self, bandits: NDArray[np.int64], step: int) -> None:
        if len(bandits):
            numbers = np.bincount(bandits)
            self._held = grown(self._held, len(numbers))
            self._held[: len(numbers)] += step * numbers
