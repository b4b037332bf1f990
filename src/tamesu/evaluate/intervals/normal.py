"""Normal intervals: the influence of each cluster, as if it were normal."""

from __future__ import annotations

import math
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import special

from tamesu.evaluate.contributions import Statistic, value

Codes: TypeAlias = NDArray[np.intp]


class Interval(NamedTuple):
    """Between which values the truth is thought to lie."""

    low: float
    high: float


def normal(statistic: Statistic, cluster: Codes, confidence: float) -> Interval:
    """V +- z s, s^2 = G / (G - 1) sum over G clusters of (sum of their influence)^2 / n^2.

    Rounds of one cluster may depend on each other in any way. Holds its confidence where the effective sample size is
    some hundreds; with few clusters it is too narrow. NaN with one cluster.

    Args:
        statistic: of n rounds.
        cluster: (n,) from 0.
        confidence: above 0 and below 1.

    Source: delta method; Liang & Zeger 1986 for clusters.
    """
    moved = np.bincount(cluster, statistic.influence())
    groups = int(np.count_nonzero(np.bincount(cluster)))
    middle, n = value(statistic), len(cluster)
    if groups < 2:  # noqa: PLR2004 - a variance takes two
        return Interval(math.nan, math.nan)
    error = math.sqrt(groups / (groups - 1) * float(moved @ moved)) / n
    z = float(special.ndtri(0.5 + 0.5 * confidence))
    return Interval(middle - z * error, middle + z * error)
