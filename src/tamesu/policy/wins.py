"""Wins: how the weight of rounds falls on the arms that are the highest in them.

Refuses to know what a round is: a height to look up to, or a draw.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def won(scores: NDArray[np.float64], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """(k,) weight won by each of k arms: a round's goes to its highest score; equal ones share, to the bit.

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
    best = scores == scores[np.arange(m), winners][:, None]
    if np.count_nonzero(best) == m:
        shares = np.zeros(k)
        shares += np.bincount(winners, weights, k)
        return shares
    each = weights / np.count_nonzero(best, axis=1)
    shared: NDArray[np.float64] = np.where(best, each[:, None], 0.0).sum(axis=0)
    return shared
