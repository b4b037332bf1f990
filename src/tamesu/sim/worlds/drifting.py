"""A world whose rates move: what was learnt grows old.

Refuses to jump: each rate goes in a straight line from where it starts to where it ends.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tamesu.base import ShapeMismatch
from tamesu.sim.worlds.bernoulli import BernoulliWorld


class DriftingWorld(BernoulliWorld):
    """n arms whose rates go from `start` to `end` in the course of a run.

    It is the Bernoulli world of its start until `at` says how far the run has come.

    Example:
        >>> DriftingWorld([0.1, 0.3], [0.3, 0.1]).at(0.25).rates
        array([0.15, 0.25])
    """

    def __init__(
        self,
        start: Sequence[float] | NDArray[np.float64],
        end: Sequence[float] | NDArray[np.float64],
    ) -> None:
        super().__init__(start)
        self._end = BernoulliWorld(end).rates
        if self._end.shape != self.rates.shape:
            raise ShapeMismatch(
                "start and end must have a rate for each arm, got "
                f"{len(self.rates)} and {len(self._end)}"
            )

    def at(self, progress: float) -> BernoulliWorld:
        """The rates at this share of the way, [0, 1]."""
        return BernoulliWorld(self.rates + progress * (self._end - self.rates))
