"""Wins: how the weight of rounds falls on the arms that are the highest in them.

Refuses to know what a round is: a height to look up to, or a draw.
"""

from __future__ import annotations

from functools import lru_cache
from typing import cast

import numpy as np
from numpy.typing import NDArray

ROUNDING = 2.0**-44
"""By such a share of itself the highest score may differ from one that is as high."""


def are_highest(scores: NDArray[np.float64]) -> NDArray[np.bool_]:
    """(..., k) whether no other of `scores` (..., k) is higher, by more than `ROUNDING`.

    In a context a score is a sum, and that of equal arms may differ by where they stand, or by how many contexts are
    looked at; what differs so little is equal, or one arm would have what belongs to all.
    """
    top: NDArray[np.float64] = scores.max(axis=-1, keepdims=True)
    return np.asarray(scores >= as_high_as(top), dtype=np.bool_)


def as_high_as(highest: NDArray[np.float64]) -> NDArray[np.float64]:
    """(...) the least that counts as `highest` (...), which may be infinite."""
    least: NDArray[np.float64] = highest * (1.0 - np.copysign(ROUNDING, highest))
    return least


def won(scores: NDArray[np.float64], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """(k,) weight won by each of k arms: a round's goes to its highest score; equal ones share, to the bit, and so
    do those that differ by `ROUNDING` alone.

    Added up round by round, so that the order of the arms changes no bit.

    Args:
        scores: (m, k), not NaN.
        weights: (m,) of the rounds.

    Example:
        >>> won(np.array([[1.0, 3.0, 2.0], [5.0, 4.0, 5.0]]), np.array([0.5, 0.25]))
        array([0.125, 0.5  , 0.125])
    """
    m, k = scores.shape
    winners = scores.argmax(axis=1)
    highest: NDArray[np.float64] = scores.reshape(-1)[winners + _starts(m, k)]
    best = scores >= as_high_as(highest)[:, None]
    if np.count_nonzero(best) == m:
        return cast("NDArray[np.float64]", np.bincount(winners, weights, k))
    each = weights / np.count_nonzero(best, axis=1)
    shared: NDArray[np.float64] = np.where(best, each[:, None], 0.0).sum(axis=0)
    return shared


@lru_cache(maxsize=64)
def _starts(m: int, k: int) -> NDArray[np.intp]:
    """(m,) where the rows of a matrix (m, k) start."""
    return k * np.arange(m, dtype=np.intp)


def won_each(scores: NDArray[np.float64], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n, k) `won` in each of n games, to the bit.

    Args:
        scores: (n, m, k), not NaN.
        weights: (m,) of the rounds.
    """
    n, m, k = scores.shape
    winners = np.asarray(np.argmax(scores, axis=2), dtype=np.intp)
    highest = np.take_along_axis(scores, winners[..., None], axis=2)
    cells = winners.reshape(-1) + np.repeat(k * np.arange(n, dtype=np.intp), m)
    shares = np.zeros((n, k))
    shares += np.bincount(cells, np.tile(weights, n), n * k).reshape(n, k)
    tied = np.count_nonzero(scores >= as_high_as(highest), axis=(1, 2)) > m
    for game in np.flatnonzero(tied):
        shares[game] = won(scores[game], weights)
    return shares
