"""Clusters and rows by lot: an order of theirs, groups of them, and some of them, that know nothing of time or of rewards.

Refuses to be random: the same clusters come out the same.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Codes: TypeAlias = NDArray[np.intp]

GOLDEN = 0.6180339887498949
"""Multiples of it come near no fraction."""


def grouped(cluster: Codes, groups: int) -> Codes:
    """(n,) in which of so many groups the cluster of each is."""
    return ((_scrambled(cluster) >> np.uint64(33)) % np.uint64(groups)).astype(np.intp)


def in_turn(cluster: Codes) -> Codes:
    """(n,) the turn of the cluster of each, from 0, rounds of one cluster having the same."""
    _, turn = np.unique(_scrambled(cluster), return_inverse=True)
    return turn.astype(np.intp)


def evenly(n: int, most: int) -> Codes:
    """At most so many of n rows, rising: one somewhere in each of as many parts, in step with nothing that comes in turns."""
    at = np.arange(min(n, most))
    return np.unique(((at + at * GOLDEN % 1.0) * (n / max(1, len(at)))).astype(np.intp))


def _scrambled(cluster: Codes) -> NDArray[np.uint64]:
    """One to one, so that no two clusters meet."""
    turned = (cluster.astype(np.uint64) + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
    turned ^= turned >> np.uint64(32)
    return turned * np.uint64(0xD6E8FEB86659FD93)
