"""A world where each arm is worth the same at every position, whoever looks and whenever.

What most worlds have in common. Refuses to say what a single reward is: that is each world's own.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tamesu.base import InvalidInput, ShapeMismatch
from tamesu.sim.world import World


class AlikeWorld(World):
    """n arms of expected reward `means[a]`, at any position.

    Attributes:
        means: (n,) finite; read-only.
    """

    def __init__(self, means: Sequence[float] | NDArray[np.float64]) -> None:
        self.means = np.array(means, dtype=np.float64)
        self.means.setflags(write=False)
        if self.means.ndim != 1 or not self.means.size:
            raise ShapeMismatch(f"a world needs (n,) arms with n >= 1, got {self.means.shape}")
        if not np.all(np.isfinite(self.means)):
            raise InvalidInput("what arms are worth must be finite")

    def at(self, progress: float) -> World:
        """Itself: nothing changes."""
        del progress
        return self

    def facing(self, shares: NDArray[np.float64]) -> World:
        """Itself: it does not look at who plays."""
        del shares
        return self

    def expected(self, arms: NDArray[np.intp]) -> NDArray[np.float64]:
        """Means of `arms` (any shape)."""
        means: NDArray[np.float64] = self.means[arms]
        return means

    def best(self, size: int) -> float:
        """The sum of the `size` highest means."""
        return float(np.sort(self.means)[-size:].sum())

    def gaps(self) -> NDArray[np.float64]:
        """(n,) expected reward that each arm falls short of the best."""
        gaps: NDArray[np.float64] = self.means.max() - self.means
        return gaps
