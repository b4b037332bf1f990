"""Occasions: when in a log a bet against propensities is larger: at which time and position, in what contexts.

All are known before an arm is drawn, but for the ranks of contexts: what comes later says a little of those. Refuses to bet: see `tamesu.evaluate.calibration`.
"""

from __future__ import annotations

from itertools import combinations
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from tamesu.evaluate.lot import evenly
from tamesu.evaluate.rounds import Rounds

Floats: TypeAlias = NDArray[np.float64]

SPANS = 10
"""Parts of the log, in its order, each an occasion; positions are told apart up to so many."""

MOST_PAIRED = 9
"""Columns of a context that are looked at in pairs; of more some are taken, evenly."""


def occasions_of(rounds: Rounds) -> Floats:
    """(n, c) in [0, 1]: spans of the log, positions, and what contexts are like."""
    n = len(rounds)
    if n < SPANS:
        return np.empty((n, 0))
    span = np.empty(n, np.intp)
    span[np.argsort(rounds.decided, kind="stable")] = np.arange(n) * SPANS // n
    columns = [span[:, None] == np.arange(SPANS)]
    positions = int(rounds.position.max()) + 1
    if 1 < positions <= SPANS:
        columns.append(rounds.position[:, None] == np.arange(positions))
    return np.concatenate([*columns, _of_contexts(rounds.context)], axis=1, dtype=np.float64)


def most_occasions(width: int) -> int:
    """How many there are at most where contexts have `width` columns."""
    return SPANS + SPANS + 4 * width + 2 * len(_pairs(width))


def _of_contexts(context: Floats) -> Floats:
    """(n, c) in [0, 1]: each column u by its rank among all values, so that none is out of all proportion.

    High and low; at an end and in the middle; and of pairs alike and not.
    """
    codes = [np.unique(column, return_inverse=True)[1].reshape(-1) for column in context.T]
    ranks = [code / code.max() for code in codes if code.max() > 0]
    ends = [np.abs(2.0 * u - 1.0) for u in ranks]
    alike = [
        ranks[a] * ranks[b] + (1.0 - ranks[a]) * (1.0 - ranks[b]) for a, b in _pairs(len(ranks))
    ]
    found = np.array([*ranks, *ends, *alike]).reshape(-1, len(context)).T
    return np.concatenate([found, 1.0 - found], axis=1)


def _pairs(width: int) -> list[tuple[int, int]]:
    """Pairs of so many columns."""
    return list(combinations(evenly(width, MOST_PAIRED).tolist(), 2))
