"""Clusters: how many there are, and how far a mean of rounds is off by chance, told by sums of them.

Rounds of one cluster may depend on each other in any way, those of two do not. Refuses to know what is averaged.
"""

from __future__ import annotations

import math
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import special

Floats: TypeAlias = NDArray[np.float64]
Codes: TypeAlias = NDArray[np.intp]


def clusters_of(cluster: Codes) -> int:
    """How many clusters (n,) these are."""
    return int(np.count_nonzero(np.bincount(cluster)))


def clustered_error(influence: Floats, cluster: Codes | None) -> float:
    """Standard error of a mean; infinite with one cluster.

    s^2 = G / (G - 1) sum over G clusters of (sum of their influence)^2 / n^2.

    Args:
        influence: (n,) how far each round moves the mean, times n.
        cluster: (n,) of each, from 0; none where each round is one.

    Source: Liang & Zeger 1986.
    """
    moved, groups = influence, len(influence)
    if cluster is not None:
        moved = np.asarray(np.bincount(cluster, influence), dtype=np.float64)
        groups = clusters_of(cluster)
    if groups <= 1:
        return math.inf
    return math.sqrt(groups / (groups - 1) * float(moved @ moved)) / len(influence)


def reach(influence: Floats, cluster: Codes | None, beyond: float) -> float:
    """How far a mean may be off to one side but for a share `beyond`: Student's t at G - 1 times its error.

    NaN with one cluster.
    """
    groups = len(influence) if cluster is None else clusters_of(cluster)
    if groups <= 1:
        return math.nan
    return -float(special.stdtrit(groups - 1, beyond)) * clustered_error(influence, cluster)
