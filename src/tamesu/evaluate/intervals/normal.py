"""Normal intervals: the influence of each cluster, as if their sum were normal."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from tamesu.evaluate.clustered import reach
from tamesu.evaluate.contributions import Statistic, value
from tamesu.evaluate.intervals.interval import Interval, tail

Codes: TypeAlias = NDArray[np.intp]


def normal(statistic: Statistic, cluster: Codes, confidence: float) -> Interval:
    """V +- t s, s the standard error by clusters (`tamesu.evaluate.clustered`), t Student's quantile at G - 1.

    t is the normal quantile but for a few clusters. Holds its confidence where the effective sample size is some
    hundreds; NaN with one cluster.

    Args:
        statistic: of n rounds.
        cluster: (n,) from 0.
        confidence: above 0 and below 1.

    Raises:
        InvalidInput: a confidence that is none.

    Source: delta method; Liang & Zeger 1986 for clusters.
    """
    middle, off = value(statistic), reach(statistic.influence(), cluster, tail(confidence))
    return Interval(middle - off, middle + off)
