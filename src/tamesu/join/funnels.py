"""`Funnels`: every decision id that is held, from its first record to its last moment.

A funnel is opened by a decision or by an event that came before it. Its place in the table is
reused once it is closed, so the table is as large as the busiest moment. Refuses to judge, and to
look at what is inside a delivery.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tamesu.join.chains import NOTHING
from tamesu.join.pool import Pool, grown


class Funnels:
    """Columns by funnel (f,), and the way from an id to its funnel.

    Attributes:
        index: decision id to funnel.
        clause, decided, partition: what follows from the id and the first record.
        first_offset: the least offset of its records; replay must start there or before.
        first_delivery, size: its deliveries, none before the decision came.
        joins: whether the decision came in time, so that events can belong to it.
        waiting: newest event that waits for the decision.
        key: its id.
        decision: the `Decision`, or none.
        event_ids: the ids heard, bare while there is one.
        odd: position to place of deliveries whose positions are not 0, 1, 2 …, by funnel.
    """

    def __init__(self, partitions: int) -> None:
        self.index: dict[str, int] = {}
        self._pool = Pool()
        empty = np.empty(0, dtype=np.int64)
        self.clause, self.decided, self.partition = empty, empty, empty
        self.first_offset, self.first_delivery, self.size = empty, empty, empty
        self.waiting = empty
        self.joins = np.empty(0, dtype=np.bool_)
        self._opened = empty
        self.key = np.empty(0, dtype=np.object_)
        self.decision = np.empty(0, dtype=np.object_)
        self.event_ids: list[str | set[str] | None] = []
        self.odd: dict[int, dict[int, int]] = {}
        self._openings = 0
        self._queues: list[deque[tuple[NDArray[np.int64], ...]]] = [
            deque() for _ in range(partitions)
        ]

    def __len__(self) -> int:
        """How many are open."""
        return self._pool.lent

    def open(
        self,
        keys: Sequence[str],
        clause: NDArray[np.int64],
        decided: NDArray[np.int64],
        partition: NDArray[np.int64],
        offset: NDArray[np.int64],
    ) -> NDArray[np.int64]:
        """Opens a funnel for each of `keys` (n,), none of which has one; the new funnels (n,)."""
        funnels = self._pool.take(len(keys))
        if self._pool.size > len(self.key):
            self._grow(self._pool.size)
        self.clause[funnels] = clause
        self.decided[funnels] = decided
        self.partition[funnels] = partition
        self.first_offset[funnels] = offset
        self.size[funnels] = 0
        self.joins[funnels] = False
        self.waiting[funnels] = NOTHING
        self._opened[funnels] = np.arange(self._openings, self._openings + len(keys))
        self._openings += len(keys)
        listed = funnels.tolist()
        self.index.update(zip(keys, listed, strict=True))
        self.key[funnels] = np.fromiter(keys, dtype=np.object_, count=len(keys))
        return funnels

    def close(self, funnels: NDArray[np.int64]) -> None:
        """Forgets `funnels` (n,)."""
        self._opened[funnels] = -1
        index, event_ids = self.index, self.event_ids
        for funnel, key in zip(funnels.tolist(), self.key[funnels].tolist(), strict=True):
            del index[key]
            event_ids[funnel] = None
        self.key[funnels] = None
        self.decision[funnels] = None
        if self.odd:
            for funnel in funnels.tolist():
                self.odd.pop(funnel, None)
        self._pool.give(funnels)

    def find(self, keys: Sequence[str]) -> NDArray[np.int64]:
        """The funnels (n,) of `keys`, -1 where there is none."""
        index = self.index
        return np.array([index.get(key, -1) for key in keys], dtype=np.int64)

    def first_heard(
        self, funnels: NDArray[np.int64], event_ids: Sequence[str]
    ) -> NDArray[np.bool_]:
        """Whether (n,) each event id is new to its funnel; from now on none is."""
        heard = self.event_ids
        first = np.ones(len(funnels), dtype=np.bool_)
        numbers: list[int] = funnels.tolist()
        for row, (funnel, event_id) in enumerate(zip(numbers, event_ids, strict=True)):
            known = heard[funnel]
            if known is None:
                heard[funnel] = event_id
            elif isinstance(known, str):
                if known == event_id:
                    first[row] = False
                else:
                    heard[funnel] = {known, event_id}
            elif event_id in known:
                first[row] = False
            else:
                known.add(event_id)
        return first

    def queue(self, funnels: NDArray[np.int64]) -> None:
        """Puts new `funnels` (n,) into the order by which the low water rises."""
        partitions: list[int] = np.unique(self.partition[funnels]).tolist()
        for partition in partitions:
            mine = funnels[self.partition[funnels] == partition]
            mine = mine[np.argsort(self.first_offset[mine], kind="stable")]
            self._queues[partition].append((mine, self._opened[mine], self.first_offset[mine]))

    def low_water(self, partition: int, read: int) -> int:
        """The first offset that an open funnel of `partition` needs; `read` if none is open."""
        queue = self._queues[partition]
        while queue:
            funnels, opened, offsets = queue[0]
            if self._opened[funnels[0]] == opened[0]:
                return int(offsets[0])
            alive = self._opened[funnels] == opened
            first = int(alive.argmax())
            if alive[first]:
                queue[0] = (funnels[first:], opened[first:], offsets[first:])
            else:
                queue.popleft()
        return read

    def _grow(self, size: int) -> None:
        self.clause = grown(self.clause, size)
        self.decided = grown(self.decided, size)
        self.partition = grown(self.partition, size)
        self.first_offset = grown(self.first_offset, size)
        self.first_delivery = grown(self.first_delivery, size)
        self.size = grown(self.size, size)
        self.waiting = grown(self.waiting, size)
        self.joins = grown(self.joins, size)
        self._opened = grown(self._opened, size, -1)
        self.key = grown(self.key, size, None)
        self.decision = grown(self.decision, size, None)
        self.event_ids += [None] * (len(self.key) - len(self.event_ids))
