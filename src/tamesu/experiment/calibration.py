"""Calibration: what was expected of deliveries, beside what they came to, from the least to the most.

Refuses to tell deliveries apart of which the same was expected.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tamesu.experiment.followed import Followed, Reals, error_of_mean

TENTHS = 10
"""Parts in which the rows are told, as far as their scores differ."""


class Calibrated(NamedTuple):
    """One part of the rows: a tenth, or more where many have the same score.

    Attributes:
        rows: how many.
        expected: mean of what was expected of them.
        later: mean of what they came to.
        error: the standard error of `later`.
    """

    rows: int
    expected: float
    later: float
    error: float


def calibrated(rows: Followed, score: Reals, expected: Reals) -> list[Calibrated]:
    """Parts of `rows` by rising score, each as large as the rest of the parts; equal scores together.

    Args:
        rows: at least one.
        score: (n,) what orders them: the same for rows with the same early events.
        expected: (n,) out of sample.

    **Laws**: the parts hold every row once; `expected` of all, weighed by rows, is its mean.
    """
    _, place, counts = np.unique(np.round(score, 12), return_inverse=True, return_counts=True)
    part = np.zeros(len(counts), dtype=np.int64)
    rest, held, current = len(rows), 0, 0
    for value, count in enumerate(counts.tolist()):
        if held * (TENTHS - current) >= rest and current < TENTHS - 1:
            rest, held, current = rest - held, 0, current + 1
        part[value] = current
        held += count
    of_row = part[place]
    return [_one(rows, expected, of_row == one) for one in range(current + 1)]


def _one(rows: Followed, expected: Reals, mine: NDArray[np.bool_]) -> Calibrated:
    later = rows.later[mine]
    mean = float(later.mean())
    error = error_of_mean(rows.who[mine], np.ones(len(later)), later - mean)
    return Calibrated(len(later), float(expected[mine].mean()), mean, error)
