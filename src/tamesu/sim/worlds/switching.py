"""A world whose rates jump: what was learnt is wrong from one moment to the next.

Refuses to move between two jumps.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tamesu.base import ShapeMismatch
from tamesu.sim.worlds.bernoulli import BernoulliWorld


class SwitchingWorld(BernoulliWorld):
    """n arms with rates for each of p phases, all of one length.

    It is the Bernoulli world of its first phase until `at` says how far the run has come. Nobody is
    told when it jumps, and it does not look at who plays.

    Example:
        >>> world = SwitchingWorld([[0.1, 0.3], [0.3, 0.1]])
        >>> world.at(0.49).rates, world.at(0.5).rates
        (array([0.1, 0.3]), array([0.3, 0.1]))

    Args:
        phases: (p, n) rates, p >= 1.
    """

    def __init__(self, phases: Sequence[Sequence[float]] | NDArray[np.float64]) -> None:
        rows = np.asarray(phases, dtype=np.float64)
        if rows.ndim != 2 or not rows.size:  # noqa: PLR2004 - phases by arms
            raise ShapeMismatch(f"phases must be (p, n) with p, n >= 1, got {rows.shape}")
        super().__init__(rows[0])
        self._phases = [BernoulliWorld(row) for row in rows]

    def at(self, progress: float) -> BernoulliWorld:
        """The world of the phase that this share of the way, [0, 1], lies in; the last one at 1."""
        phase = min(int(progress * len(self._phases)), len(self._phases) - 1)
        return self._phases[phase]
