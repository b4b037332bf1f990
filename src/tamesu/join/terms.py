"""Rewards of deliveries from the events that counted, many at once.

A term is `weight * min(cap, aggregate)` in whole 1 / GRID; the terms add up to the reward. Refuses
to know when an event counts.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tamesu.base import GRID, Aggregate, EventTerm, Reward
from tamesu.base.observations import LARGEST, to_grid, to_grid_many

_HALF = 32
_LOW = (1 << _HALF) - 1


def rewards_of(
    reward: Reward,
    deliveries: int,
    row: NDArray[np.int64],
    term: NDArray[np.int64],
    value: NDArray[np.float64],
) -> tuple[NDArray[np.int64], dict[str, NDArray[np.int64]]]:
    """Rewards (deliveries,) and, by event type, terms (deliveries,), in 1 / GRID.

    Args:
        reward: the clauses.
        deliveries: how many.
        row: (n,) delivery of each event that counted, in [0, deliveries).
        term: (n,) place of its type in `reward.events`.
        value: (n,) not a number where the event had none.

    A delivery with no event has the declared default, and terms of 0. Events of one delivery are in
    log order. Sums are exact whatever their number; results saturate at ±2^62.
    """
    value = np.where(np.isnan(value), 1.0, value)
    terms: dict[str, NDArray[np.int64]] = {}
    for place, (name, clause) in enumerate(reward.events.items()):
        mine = term == place
        if not mine.any():
            terms[name] = np.zeros(deliveries, dtype=np.int64)
            continue
        aggregate = _aggregate(clause, deliveries, row[mine], value[mine])
        if clause.cap is not None:
            aggregate = np.minimum(aggregate, clause.cap)
        terms[name] = to_grid_many(clause.weight * aggregate)
    total = np.full(deliveries, to_grid(reward.default), dtype=np.int64)
    counted = np.unique(row)
    total[counted] = _total([column[counted] for column in terms.values()])
    return total, terms


def _aggregate(
    clause: EventTerm, deliveries: int, row: NDArray[np.int64], value: NDArray[np.float64]
) -> NDArray[np.float64]:
    aggregate = np.zeros(deliveries)
    if clause.aggregate is Aggregate.ANY:
        aggregate[row] = 1.0
    elif clause.aggregate is Aggregate.COUNT:
        aggregate[:] = np.bincount(row, minlength=deliveries)
    elif clause.aggregate is Aggregate.SUM:
        # Two halves, so that no number of events overflows; each half is exact as a float, and their
        # sum is rounded once.
        whole = to_grid_many(value)
        high, low = np.zeros((2, deliveries), dtype=np.int64)
        np.add.at(high, row, whole >> _HALF)
        np.add.at(low, row, whole & _LOW)
        aggregate[:] = (high.astype(np.float64) * (1 << _HALF) + low) / GRID
    else:
        aggregate[row[::-1]] = value[::-1]
    return aggregate


def _total(terms: list[NDArray[np.int64]]) -> NDArray[np.int64]:
    """The sum of `terms`, saturating."""
    largest = int(LARGEST)
    columns = np.array(terms, dtype=np.int64)
    if np.abs(columns).max(axis=1, initial=0).astype(np.float64).sum() < LARGEST:
        total: NDArray[np.int64] = columns.sum(axis=0)
        return total
    sums = [sum(row) for row in columns.T.tolist()]
    return np.array([max(-largest, min(one, largest)) for one in sums], dtype=np.int64)
