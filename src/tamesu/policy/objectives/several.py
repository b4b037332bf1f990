"""Readings of several objectives at once, each by a belief of its own.

To whoever looks at one number they are the mean of the objectives; whoever can look at all of them finds
them in `Marginals.objectives`. Refuses to weigh one against another.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tamesu.policy.contract import Coefficients, Family, Marginals, Reading
from tamesu.policy.families.unsure import WithoutDensity

Floats = NDArray[np.float64]


class Several:
    """D readings as one, of the same arms.

    Args:
        readings: one for each objective, D of them.
        start: what is added to their mean, so that it is the reward as the log has it.
    """

    coefficients: Coefficients | None = None

    def __init__(self, readings: Sequence[Reading], start: float = 0.0) -> None:
        self._readings = tuple(readings)
        self._start = start
        self.contextual = any(reading.contextual for reading in readings)
        self.typical = readings[0].typical  # they learn from the same rows

    def at(self, context: Floats) -> Marginals:
        """What is thought of the arms in `context` (d,), by each objective and by their mean."""
        parts = tuple([reading.at(context) for reading in self._readings])
        first = parts[0]
        clipped = [part.clipped for part in parts if part.clipped is not None]
        return Marginals(
            kind=first.kind,
            family=MeanFamily([part.family for part in parts], self._start),
            observations=first.observations,
            total=first.total,
            clipped=np.sum(clipped, axis=0) if clipped else None,
            weight=first.weight,
            total_weight=first.total_weight,
            passing=any(part.passing for part in parts),
            objectives=parts,
        )


class MeanFamily(WithoutDensity):
    """n posteriors of the mean of D independent numbers, as far as a mean and a width say it.

    Mean and deviation are exact. A quantile is as far from the mean as those of the parts together,
    by the root of the sum of their squares: exact of normal ones.

    Args:
        parts: D families of n posteriors.
        start: what is added to the mean.
    """

    lacks = "the mean of objectives has no density: an explorer of several must look at each"

    def __init__(self, parts: Sequence[Family], start: float = 0.0) -> None:
        self._parts = tuple(parts)
        self._start = start

    def take(self, rows: NDArray[np.intp]) -> MeanFamily:
        """The posteriors at `rows`."""
        return MeanFamily([part.take(rows) for part in self._parts], self._start)

    def mean(self) -> Floats:
        """(n,) the mean of the parts' means."""
        means: Floats = np.mean([part.mean() for part in self._parts], axis=0)
        return means + self._start

    def deviation(self) -> Floats:
        """(n,) of it; infinite where one of the parts has none."""
        squares: Floats = np.sum([part.deviation() ** 2 for part in self._parts], axis=0)
        return np.sqrt(squares) / len(self._parts)

    def quantile(self, q: float | Floats) -> Floats:
        """(n,) about it, or (m, n)."""
        apart = [part.quantile(q) - part.mean() for part in self._parts]
        far: Floats = np.sqrt(np.sum(np.square(apart), axis=0)) / len(self._parts)
        return self.mean() + np.where(np.less(q, 0.5), -far, far)

    def ladder(self) -> tuple[Floats, Floats]:
        """Mean and deviation."""
        return self.mean(), self.deviation()
