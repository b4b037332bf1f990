"""Normal intervals: the influence of each cluster, as if their sum were normal."""

from __future__ import annotations

import math
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import special

from tamesu.evaluate.contributions import Statistic, value
from tamesu.evaluate.intervals.interval import Interval, tail

Codes: TypeAlias = NDArray[np.intp]


def normal(statistic: Statistic, cluster: Codes, confidence: float) -> Interval:
    """V +- t s, s^2 = G / (G - 1) sum over G clusters of (sum of their influence)^2 / n^2.

    t is Student's quantile at G - 1, which is the normal one but for a few clusters. Rounds of one cluster may
    depend on each other in any way. Holds its confidence where the effective sample size is some hundreds; NaN
    with one cluster.

    Args:
        statistic: of n rounds.
        cluster: (n,) from 0.
        confidence: above 0 and below 1.

    Raises:
        InvalidInput: a confidence that is none.

    Source: delta method; Liang & Zeger 1986 for clusters.
    """
    beyond = tail(confidence)
    groups = int(np.count_nonzero(np.bincount(cluster)))
    if groups < 2:  # noqa: PLR2004 - a variance takes two
        return Interval(math.nan, math.nan)
    moved = np.bincount(cluster, statistic.influence())
    middle, n = value(statistic), len(cluster)
    error = math.sqrt(groups / (groups - 1) * float(moved @ moved)) / n
    reach = -float(special.stdtrit(groups - 1, beyond)) * error
    return Interval(middle - reach, middle + reach)
