"""Empirical Bernstein intervals: right for any number of rounds, where rewards and weights are bounded."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from tamesu.base import InvalidInput
from tamesu.evaluate.contrast import ROUNDING
from tamesu.evaluate.contributions import Contributions, Quotient, Statistic, value
from tamesu.evaluate.intervals.bounds import Bounds
from tamesu.evaluate.intervals.interval import Interval, tail

Floats: TypeAlias = NDArray[np.float64]
Codes: TypeAlias = NDArray[np.intp]

_STEPS = 80


def bernstein(
    statistic: Statistic, cluster: Codes, confidence: float, bounds: Bounds, *, models: bool
) -> Interval:
    """All V at which the mean of Z(V) = top - V bottom is no further from 0 than it may be by chance.

    Z is summed by cluster, G of them, none longer than m rounds; a round's Z spans no more than b. Then at the truth,
    either way,

        |mean(Z)| <= sqrt(2 s^2 l / G) + 7 m b l / (3 (G - 1)),    l = log(2 / tail),

    s^2 the variance of Z between clusters, without assuming anything of its distribution. What is a mean has bottom 1.
    Cut to the bounds of rewards. NaN with one cluster.

    Args:
        statistic: one mean, or one mean over another.
        cluster: (n,) from 0.
        confidence: above 0 and below 1.
        bounds: of rewards and weights.
        models: whether expected rewards of a model are among what rounds add.

    Raises:
        InvalidInput: weights without a bound, rounds that do not keep to it, or a sum of a mean and a quotient.

    Source: Maurer & Pontil 2009, theorem 4; its proof asks for independence alone. Inverted in V.
    """
    log = math.log(2.0 / tail(confidence))
    top, bottom = _sides(statistic)
    # Of one doubly robust mean over another, either has a model.
    span = bounds.span(models=models) * (2.0 if models and isinstance(statistic, Quotient) else 1.0)
    size = np.bincount(cluster)
    groups = int(np.count_nonzero(size))
    if groups < 2:  # noqa: PLR2004 - a variance takes two
        return Interval(math.nan, math.nan)
    middle = min(max(value(statistic), bounds.low), bounds.high)
    if math.isnan(middle):
        return Interval(math.nan, math.nan)
    _refuse_beyond(top - middle * bottom, span)
    sums = np.stack([np.bincount(cluster, top), np.bincount(cluster, bottom)])[:, size > 0]
    over, under = map(float, sums.mean(axis=1))
    own, both, _, other = map(float, np.cov(sums).ravel())
    allowed = 7.0 * int(size.max()) * span * log / (3.0 * (groups - 1))

    def beyond(at: float) -> float:
        """By how much |mean(Z)| is more than it may be."""
        variance = own - 2.0 * at * both + at * at * other
        may: float = math.sqrt(max(0.0, 2.0 * variance * log / groups)) + allowed
        return abs(over - at * under) - may

    return Interval(_end(beyond, bounds.low, middle), _end(beyond, bounds.high, middle))


def _end(beyond: Callable[[float], float], far: float, middle: float) -> float:
    """Where `beyond` is 0 between a bound and the estimate; the bound where it is not above 0.

    On either side of the estimate it is concave, so that V which are ruled out lie together.
    """
    if beyond(far) <= 0.0:
        return far
    for _ in range(_STEPS):
        half = 0.5 * (far + middle)
        far, middle = (half, middle) if beyond(half) > 0.0 else (far, half)
    return far


def _sides(statistic: Statistic) -> tuple[Floats, Floats]:
    """(n,) and (n,): the estimate is the mean of one over that of the other."""
    if isinstance(statistic, Contributions):
        if statistic.top is None or statistic.bottom is None:
            return statistic.plain, np.ones(len(statistic.plain))
        if not statistic.plain.any():
            return statistic.top, statistic.bottom
    if isinstance(statistic, Quotient):
        (over, over_by), (under, under_by) = _sides(statistic.over), _sides(statistic.under)
        if np.array_equal(over_by, under_by):
            return over, under
    raise InvalidInput(
        "an empirical Bernstein interval must be of one mean, or of one over another, got a sum of both",
        hint="dr instead of sndr",
    )


def _refuse_beyond(terms: Floats, span: float) -> None:
    reached = float(np.ptp(terms))
    if reached > span * (1.0 + ROUNDING):
        raise InvalidInput(
            f"rounds must keep to the bounds of rewards and weights: they lie {reached:g} apart, and {span:g} is all "
            "that those allow",
            hint="declare the range of rewards and the largest weight as they are",
        )
