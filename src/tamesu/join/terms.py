"""Rewards of deliveries event by event, many deliveries at once.

A term is `weight * min(cap, aggregate)` in whole 1 / GRID; the terms add up to the reward. What the
events of one type came to is a pair of whole numbers, high and low, that adds up over events: their
number; of a sum its two halves, so that no number of events overflows; of the first value 1 and its
bits. Refuses to know when an event counts.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tamesu.base import GRID, Aggregate, EventTerm, Reward
from tamesu.base.grid import LARGEST, to_grid, to_grid_many

_HALF = 32
_LOW = (1 << _HALF) - 1

Integers = NDArray[np.int64]


class Along(NamedTuple):
    """Rewards of m deliveries along their n events, in steps.

    The steps of a delivery lie side by side: first as it was before, then after each event.

    Attributes:
        heads: (m,) the step of each delivery before its events.
        steps: (n,) the step after each event.
        reward: (m + n,) in 1 / GRID.
        terms: by event type (m + n,) in 1 / GRID.
        high, low: (m, types) after all events.
    """

    heads: Integers
    steps: Integers
    reward: Integers
    terms: dict[str, Integers]
    high: Integers
    low: Integers


def rewards_along(  # noqa: PLR0913 - one column each
    reward: Reward,
    *,
    heard: NDArray[np.bool_],
    high: Integers,
    low: Integers,
    owner: Integers,
    term: Integers,
    value: NDArray[np.float64],
) -> Along:
    """What m deliveries are worth before n more events and after each of them.

    Args:
        reward: the clauses.
        heard: (m,) whether any event counted before.
        high: (m, types) what those came to; all zeros where there were none.
        low: (m, types) its other half.
        owner: (n,) delivery of each event that counted, rising, in log order for each.
        term: (n,) place of its type in `reward.events`.
        value: (n,) not a number where the event had none.

    A delivery with no event has the declared default, and terms of 0. Sums are exact whatever their
    number; results saturate at ±2^62.
    """
    deliveries, events = len(high), len(owner)
    every = np.arange(deliveries)
    steps = np.arange(events) + owner + 1
    heads = np.searchsorted(owner, every) + every
    lasts = np.append(heads[1:], deliveries + events) - 1
    delivery = np.repeat(every, lasts - heads + 1)
    value = np.where(np.isnan(value), 1.0, value)
    after = np.zeros((2, deliveries, len(reward.events)), dtype=np.int64)
    terms: dict[str, Integers] = {}
    for place, (name, clause) in enumerate(reward.events.items()):
        mine = np.flatnonzero(term == place)
        if not (len(mine) or high[:, place].any() or low[:, place].any()):
            terms[name] = np.zeros(deliveries + events, dtype=np.int64)
            continue
        pair = np.zeros((2, deliveries + events), dtype=np.int64)
        pair[:, heads] = high[:, place], low[:, place]
        if clause.aggregate is Aggregate.FIRST:
            _, first = np.unique(owner[mine], return_index=True)
            mine = mine[first]
            mine = mine[high[owner[mine], place] == 0]
        pair[0, steps[mine]], pair[1, steps[mine]] = _pair(clause.aggregate, value[mine])
        before = pair[:, heads]
        np.cumsum(pair, axis=1, out=pair)
        pair -= (pair[:, heads] - before)[:, delivery]
        after[:, :, place] = pair[:, lasts]
        terms[name] = to_grid_many(clause.weight * _capped(clause, pair))
    total = _total(list(terms.values()))
    total[heads[~heard]] = to_grid(reward.default)
    return Along(heads, steps, total, terms, after[0], after[1])


def _pair(
    aggregate: Aggregate, value: NDArray[np.float64]
) -> tuple[Integers | int, Integers | int]:
    """High and low of events with these values."""
    if aggregate is Aggregate.SUM:
        whole = to_grid_many(value)
        return whole >> _HALF, whole & _LOW
    if aggregate is Aggregate.FIRST:
        return 1, value.view(np.int64)
    return 0, 1


def _capped(clause: EventTerm, pair: Integers) -> NDArray[np.float64]:
    """The aggregate for which `pair` (2, n) stands, at most the cap."""
    high, low = pair
    if clause.aggregate is Aggregate.ANY:
        aggregate = (low > 0).astype(np.float64)
    elif clause.aggregate is Aggregate.COUNT:
        aggregate = low.astype(np.float64)
    elif clause.aggregate is Aggregate.SUM:
        # Each half is exact as a float, and their sum is rounded once.
        aggregate = (high.astype(np.float64) * (1 << _HALF) + low) / GRID
    else:
        aggregate = np.where(high > 0, low.view(np.float64), 0.0)
    capped: NDArray[np.float64] = (
        aggregate if clause.cap is None else np.minimum(aggregate, clause.cap)
    )
    return capped


def _total(terms: list[Integers]) -> Integers:
    """The sum of `terms`, saturating."""
    largest = int(LARGEST)
    columns = np.array(terms, dtype=np.int64)
    if np.abs(columns).max(axis=1, initial=0).astype(np.float64).sum() < LARGEST:
        total: Integers = columns.sum(axis=0)
        return total
    sums = [sum(row) for row in columns.T.tolist()]
    return np.array([max(-largest, min(one, largest)) for one in sums], dtype=np.int64)
