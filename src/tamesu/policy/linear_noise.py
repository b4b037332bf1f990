"""The noise of rewards around what a linear belief expects: given, or learnt from what nothing explains.

Refuses to know coefficients: it is told how much of the squares of rewards they leave.
"""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from tamesu.policy.gaussian_prior import SPREAD
from tamesu.policy.ridge import ROUNDING

Floats: TypeAlias = NDArray[np.float64]

CAUTION = 8.0
"""How many times the noise of all arms together is expected of one of which nothing was seen."""

LEAST_NOISE = 1e-200
"""Variance; with less the scores of arms would not be distributions."""


class NoisePrior(NamedTuple):
    """What is thought of a learnt noise beforehand.

    Attributes:
        a: as sure of it as after 2 a rewards; above 1.
        bounds: of rewards; none where they are not known.
    """

    a: float
    bounds: tuple[float, float] | None

    def common(self, left: float, weight: float, rounding: float) -> float:
        """The noise of all arms together: what is `left` over of rewards that weigh `weight` in all.

        Where that is no more than the `rounding` of sums, rewards have all been alike. Then the next one is
        thought of as the first that differs, by what was expected before any came: (expected) / (weight + 1).
        """
        if left > rounding:
            return max(left / weight, LEAST_NOISE)
        return self.expected / (weight + 1.0)

    @property
    def expected(self) -> float:
        """The variance of rewards, by nothing but their bounds: what a gaussian belief expects, too."""
        if self.bounds is None or self.bounds[0] == self.bounds[1]:
            return 1.0
        return ((self.bounds[1] - self.bounds[0]) / SPREAD) ** 2


class Rest(NamedTuple):
    """What nothing explains of the squares of rewards.

    Attributes:
        left: (k,) of each arm or, where arms share it, (1,).
        rounding: how far the sum of all is known.
    """

    left: Floats
    rounding: float

    @classmethod
    def of(cls, left: Floats, squares: Floats) -> Rest:
        """What is `left` (k,) of squares (k,): known as far as they were rounded, and never below 0."""
        least = ROUNDING * squares
        return cls(np.maximum(left, least), float(least.sum()))

    @classmethod
    def shared(cls, left: float, squares: Floats) -> Rest:
        """The same of all arms together."""
        rounding = float((ROUNDING * squares).sum())
        return cls(np.array([max(left, rounding)]), rounding)


class Noise(NamedTuple):
    """Of the rewards of n arms.

    Attributes:
        deviation: (n,) of each, or (1,) where arms share it.
        dof: degrees of freedom of what is known of it, likewise; none where it is given.
    """

    deviation: Floats
    dof: Floats | None


def noise_of(
    given: NoisePrior | float, rest: Rest, weight: Floats, rows: NDArray[np.intp] | None
) -> Noise:
    """The noise of the arms at `rows` (n,), of k and one of which nothing was learnt; none: all arms share one.

    Args:
        given: its variance, or what is thought of it beforehand.
        rest: what nothing explains.
        weight: (k + 1,) of what was learnt.
        rows: as said.
    """
    if not isinstance(given, NoisePrior):
        return Noise(np.full(1 if rows is None else len(rows), np.sqrt(given)), None)
    left, total = rest.left, float(weight.sum())
    common = given.common(float(left.sum()), total, rest.rounding)
    if rows is None:
        weight = np.array([total])
    else:
        left, weight = np.append(left, 0.0)[rows], weight[rows]
    by = given.a + 0.5 * weight
    # b of a prior with that a, under which the noise is expected to be CAUTION times the common one.
    return Noise(np.sqrt((CAUTION * (given.a - 1.0) * common + 0.5 * left) / by), 2.0 * by)
