"""The one chooser: draws arms from distributions, so that what is logged is what was used.

Refuses to make a distribution: that is an explorer's business.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable

import numpy as np
from numpy.typing import NDArray


class Distribution:
    """Propensities over some of the prepared arms, ready to be drawn from.

    Laws: `pick(u)` for u uniform in [0, 1) gives row a with probability `propensities[a]` to within
    1e-12, and never a row of propensity 0.

    Example:
        >>> Distribution(np.array([0, 2]), np.array([0.25, 0.75])).pick(0.5)
        (2, 0.75)

    Attributes:
        rows: (k,) rows of the arms, rising.
        propensities: (k,) sum to 1 within 1e-12.
    """

    __slots__ = ("_cumulative", "_list", "_rows", "propensities", "rows")

    def __init__(self, rows: NDArray[np.intp], propensities: NDArray[np.float64]) -> None:
        self.rows = rows
        self.propensities = propensities
        cumulative = np.cumsum(propensities)
        # Rounding may leave the last sum below 1: whatever lies beyond belongs to the last arm
        # that can be chosen at all.
        cumulative[np.flatnonzero(propensities)[-1] :] = 1.0
        self._cumulative: list[float] = cumulative.tolist()
        self._rows: list[int] = rows.tolist()
        self._list: list[float] = propensities.tolist()

    def pick(self, uniform: float) -> tuple[int, float]:
        """The arm's row at `uniform` in [0, 1), and its propensity."""
        place = bisect_right(self._cumulative, uniform)
        return self._rows[place], self._list[place]

    def pick_many(
        self, uniforms: NDArray[np.float64]
    ) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
        """Rows (n,) and propensities (n,) at `uniforms` (n,): `pick` of each."""
        places = np.searchsorted(self._cumulative, uniforms, side="right")
        return self.rows[places], self.propensities[places]


def place(
    distributions: Iterable[Callable[[int], Distribution]],
    eligible: int,
    uniforms: Callable[[int], float],
) -> tuple[tuple[int, ...], tuple[float, ...]]:
    """Rows of distinct arms, by position, and the propensity of each given those placed before it.

    Position i is drawn at uniform i, from distribution i over the arms that remain; where none does,
    the positions below stay empty.

    Args:
        distributions: one per position: a set of arms, bit by bit, to the distribution over it.
        eligible: the arms at first.
        uniforms: the number of a position to its uniform in [0, 1).
    """
    rows: list[int] = []
    propensities: list[float] = []
    for position, distribution in enumerate(distributions):
        if not eligible:
            break
        row, propensity = distribution(eligible).pick(uniforms(position))
        rows.append(row)
        propensities.append(propensity)
        eligible &= ~(1 << row)
    return tuple(rows), tuple(propensities)
