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

    __slots__ = ("_cumulative", "propensities", "rows")

    def __init__(self, rows: NDArray[np.intp], propensities: NDArray[np.float64]) -> None:
        self.rows = rows
        self.propensities = propensities
        self._cumulative = propensities.cumsum()

    def pick(self, uniform: float) -> tuple[int, float]:
        """The arm's row at `uniform` in [0, 1), and its propensity."""
        place = int(self._cumulative.searchsorted(uniform, "right"))
        if place == len(self.rows):
            place = self._last
        return self.rows.item(place), self.propensities.item(place)

    def pick_many(
        self, uniforms: NDArray[np.float64]
    ) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
        """Rows (n,) and propensities (n,) at `uniforms` (n,): `pick` of each."""
        places = self._cumulative.searchsorted(uniforms, "right")
        places[places == len(self.rows)] = self._last
        return self.rows[places], self.propensities[places]

    def of(self, row: int) -> float:
        """The propensity of the arm at `row`; 0 of one that is not among `rows`."""
        place = int(self.rows.searchsorted(row))
        is_there = place < len(self.rows) and self.rows.item(place) == row
        return self.propensities.item(place) if is_there else 0.0

    @property
    def _last(self) -> int:
        """Place of the last arm that can be chosen at all: rounding may leave the last sum below 1."""
        return int(np.flatnonzero(self.propensities)[-1])


class Lasting(Distribution):
    """One that is drawn from often: a pick costs less, and the first look more."""

    __slots__ = ("_edges", "_listed", "_places")

    def __init__(self, rows: NDArray[np.intp], propensities: NDArray[np.float64]) -> None:
        super().__init__(rows, propensities)
        self._edges: list[float] = self._cumulative.tolist()
        self._edges[self._last :] = [1.0] * (len(self._edges) - self._last)
        self._places: list[int] = rows.tolist()
        self._listed: list[float] = propensities.tolist()

    def pick(self, uniform: float) -> tuple[int, float]:
        """As any distribution."""
        place = bisect_right(self._edges, uniform)
        return self._places[place], self._listed[place]


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
