"""`Attained`: what archived observations came to by each objective, in the objective's own units.

An objective's value is what its events came to, as its declaration weighed them: another share of the
reward, or another range, leaves it as it is. Refuses rows of a declaration that wanted other things: they
are counted apart.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from tamesu.base import GRID
from tamesu.base.aims import Aims, grain_of, vector_of
from tamesu.base.outline import Outline
from tamesu.policy.objectives import index_of
from tamesu.serve.core.results import ObjectiveResult, Wanted

Floats = NDArray[np.float64]

KNOWN = "known"
"""Column: how many rows of which it is known what each objective came to."""


class Attained:
    """The objectives of a bandit, and how rows are told by them.

    Args:
        aims: as they are now; none where there are none, and nothing is told.
        aims_then: of an older declaration, by its number.
    """

    def __init__(self, aims: Aims | None, aims_then: Callable[[int], Aims | None]) -> None:
        self._aims = aims
        self._then = aims_then

    @property
    def names(self) -> tuple[str, ...]:
        """Of the columns that it makes."""
        if self._aims is None:
            return ()
        return (KNOWN, *(_column(name) for name in self._aims.names))

    def columns(self, rows: Outline, new: Floats, old: Floats) -> dict[str, Floats]:
        """What n rows add to the sums of each column, a correction as a difference.

        Args:
            rows: n of one declaration.
            new: (n,) 1 where a row was observed, else 0.
            old: (n,) 1 where it replaces what was observed, else 0.
        """
        if self._aims is None:
            return {}
        aims = self._then(rows.declaration)
        told = aims is not None and set(aims.names) == set(self._aims.names)
        if aims is None or not told or not rows.previous_terms:
            return {name: np.zeros(len(rows)) for name in self.names}
        now = vector_of(aims, rows.terms, len(rows)) / GRID
        before = vector_of(aims, rows.previous_terms, len(rows)) / GRID
        found = {KNOWN: new - old}
        for place, (name, (low, high)) in enumerate(zip(aims.names, aims.ranges, strict=True)):
            worth, was = (low + (high - low) * one[:, place] for one in (now, before))
            found[_column(name)] = new * worth - old * was
        return found

    def means(self, sums: Mapping[str, float]) -> dict[str, float] | None:
        """The mean value of each objective by name; none without objectives, or rows that are known.

        One that is less than terms can tell is 0.
        """
        known = round(sums.get(KNOWN, 0.0))
        if self._aims is None or not known:
            return None
        means: dict[str, float] = {}
        for place, name in enumerate(self._aims.names):
            mean = sums[_column(name)] / known
            means[name] = 0.0 if abs(mean) < grain_of(self._aims, place) else mean
        return means

    def told(self, sums: Mapping[str, float], observed: int) -> Wanted | None:
        """The objectives of all rows together; none without any."""
        aims = self._aims
        if aims is None:
            return None
        means = self.means(sums)
        return Wanted(
            kind=aims.kind,
            objectives=[
                ObjectiveResult(
                    name=name,
                    range=aims.ranges[place],
                    mean=None if means is None else means[name],
                    scaled=None if means is None else _scaled(aims, place, means[name]),
                )
                for place, name in enumerate(aims.names)
            ],
            welfare=None if means is None else _welfare(aims, [*means.values()]),
            left_out=observed - round(sums.get(KNOWN, 0.0)),
        )


def _welfare(aims: Aims, means: Sequence[float]) -> float:
    """The means in their ranges as one number."""
    scaled = [_scaled(aims, place, mean) for place, mean in enumerate(means)]
    return float(index_of(aims, np.array(scaled)))


def _scaled(aims: Aims, place: int, mean: float) -> float:
    low, high = aims.ranges[place]
    return (mean - low) / (high - low)


def _column(name: str) -> str:
    return f"objective {name}"
