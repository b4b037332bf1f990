"""`Chains`: events that wait or have counted, in one table, chained to the place they belong to.

An event waits at its decision's funnel while the decision is unknown, then at its delivery while
the anchor is; an event that counted stays at its delivery until that is emitted. Each owner knows
its newest event, each event the one before it: adding and taking whole chains are array operations,
in log order. Refuses to judge.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tamesu.join.pool import Pool, grown

NOTHING = -1
"""Head of an empty chain."""


class Placed(NamedTuple):
    """Events with the place they belong to, n of them in log order.

    Attributes:
        owner: (n,) funnel or delivery.
        position: (n,) as in the delivery id.
        code: (n,) of the type, under the declaration.
        time: (n,) microseconds, never just before the decision.
        received: (n,) microseconds.
        offset: (n,) in the log; those of one decision lie in one partition.
        value: (n,) not a number where there was none.
    """

    owner: NDArray[np.int64]
    position: NDArray[np.int64]
    code: NDArray[np.int64]
    time: NDArray[np.int64]
    received: NDArray[np.int64]
    offset: NDArray[np.int64]
    value: NDArray[np.float64]

    @property
    def rows(self) -> int:
        """How many events, n."""
        return len(self.owner)

    def pick(self, rows: NDArray[np.int64] | NDArray[np.bool_]) -> Placed:
        """The events that an index or a mask picks."""
        return Placed._make(column[rows] for column in self)

    def at(self, owner: NDArray[np.int64]) -> Placed:
        """The same events under other owners."""
        return self._replace(owner=owner)

    def then(self, later: Placed) -> Placed:
        """These events, and after them `later`."""
        if not self.rows:
            return later
        if not later.rows:
            return self
        return Placed._make(np.concatenate(pair) for pair in zip(self, later, strict=True))


class Chains:
    """The table of chained events."""

    def __init__(self) -> None:
        self._pool = Pool()
        self._before = np.empty(0, dtype=np.int64)
        empty = np.empty(0, dtype=np.int64)
        self._columns = Placed(
            empty, empty, empty, empty, empty, empty, np.empty(0, dtype=np.float64)
        )

    def __len__(self) -> int:
        """How many events are chained."""
        return self._pool.lent

    def append(self, heads: NDArray[np.int64], events: Placed) -> None:
        """Chains `events` (n,) to their owners, whose newest events `heads` knows and now learns."""
        count = events.rows
        if not count:
            return
        places = self._pool.take(count)
        if self._pool.size > len(self._before):
            self._before = grown(self._before, self._pool.size)
            self._columns = Placed._make(grown(column, self._pool.size) for column in self._columns)
        for column, values in zip(self._columns, events, strict=True):
            column[places] = values
        order = np.argsort(events.owner, kind="stable")
        owners, chained = events.owner[order], places[order]
        starts = np.empty(count, dtype=np.bool_)
        starts[0] = True
        np.not_equal(owners[1:], owners[:-1], out=starts[1:])
        self._before[chained[1:]] = chained[:-1]
        self._before[chained[starts]] = heads[owners[starts]]
        ends = np.append(starts[1:], True)
        heads[owners[ends]] = chained[ends]

    def take(self, heads: NDArray[np.int64], owners: NDArray[np.int64]) -> Placed:
        """Takes out the chains of `owners` (n,), each once; every chain comes in log order."""
        levels: list[NDArray[np.int64]] = []
        place = heads[owners]
        place = place[place != NOTHING]
        while len(place):
            levels.append(place)
            place = self._before[place]
            place = place[place != NOTHING]
        if not levels:
            return self._columns.pick(np.empty(0, dtype=np.int64))
        heads[owners] = NOTHING
        places = np.concatenate(levels[::-1])
        taken = self._columns.pick(places)
        self._pool.give(places)
        return taken
