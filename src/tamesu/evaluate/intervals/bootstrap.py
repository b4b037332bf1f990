"""Bootstrap intervals: clusters drawn again, all at once, as a product of two matrices."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from tamesu.base import InvalidInput
from tamesu.evaluate.contributions import Statistic
from tamesu.evaluate.intervals.interval import Interval, tail
from tamesu.evaluate.lot import grouped

Floats: TypeAlias = NDArray[np.float64]
Codes: TypeAlias = NDArray[np.intp]
Uniforms: TypeAlias = Callable[[int], Floats]

GROUPS = 2_000
RESAMPLES = 1_000


def bootstrap(  # noqa: PLR0913 - its two sizes have defaults
    statistic: Statistic,
    cluster: Codes,
    confidence: float,
    uniforms: Uniforms,
    *,
    resamples: int = RESAMPLES,
    groups: int = GROUPS,
) -> Interval:
    """Quantiles of the estimate over resamples of clusters.

    An estimate is a function of means, so a resample needs no rounds: draws (resamples, G) times sums by cluster
    (G, c). More than `groups` clusters are gathered, by lot, into so many groups, and groups are drawn. Sums of
    independent clusters are independent too, with variances and skewness that add up: the spread of resampled
    means is the same in expectation, and known to 1 / sqrt(2 groups) of itself.

    O(n + resamples * groups). NaN where a resample has no estimate: too few rounds say anything.

    Args:
        statistic: of n rounds.
        cluster: (n,) from 0.
        confidence: above 0 and below 1.
        uniforms: of a number of them, in [0, 1).
        resamples: how many; their quantiles have to be told.
        groups: most that are drawn from.

    Raises:
        InvalidInput: a confidence that is none, or too few resamples to tell it; fewer than two groups.

    Source: Efron 1979 (percentiles); Field & Welsh 2007 for clusters.
    """
    beyond = tail(confidence)
    if groups < 2 or resamples * beyond < 1.0:  # noqa: PLR2004 - a spread takes two
        raise InvalidInput(
            f"a bootstrap must draw 2 groups at least, and {np.ceil(1.0 / beyond):,.0f} times for a confidence of "
            f"{confidence}, got {groups} groups and {resamples} resamples"
        )
    sums = _gathered(statistic.columns, cluster, groups)
    if len(sums) < 2:  # noqa: PLR2004 - likewise
        return Interval(np.nan, np.nan)
    drawn = _draws(len(sums), resamples, uniforms) @ sums
    estimates = statistic.of(drawn[:, :-1] / drawn[:, -1:])
    if np.isnan(estimates).any():
        return Interval(np.nan, np.nan)
    low, high = np.quantile(estimates, [beyond, 1.0 - beyond])
    return Interval(float(low), float(high))


def _gathered(columns: Floats, cluster: Codes, groups: int) -> Floats:
    """(G, c + 1) sums by cluster, or by group of clusters, and how many rounds each has."""
    if int(cluster.max(initial=-1)) >= groups:
        cluster = grouped(cluster, groups)
    count = np.bincount(cluster).astype(np.float64)
    sums = np.empty((len(count), columns.shape[1] + 1))
    for column in range(columns.shape[1]):
        sums[:, column] = np.bincount(cluster, columns[:, column])
    sums[:, -1] = count
    return sums[count > 0.0]


def _draws(count: int, resamples: int, uniforms: Uniforms) -> Floats:
    """(resamples, count) how often each is in each resample."""
    picked = (uniforms(resamples * count) * count).astype(np.intp).reshape(resamples, count)
    np.minimum(picked, count - 1, out=picked)
    picked += np.arange(resamples)[:, None] * count
    whole = np.bincount(picked.ravel(), minlength=resamples * count)
    return whole.reshape(resamples, count).astype(np.float64)
