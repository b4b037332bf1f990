"""`Deliveries`: every delivery of the decisions that are held, as columns.

The deliveries of one decision lie side by side; blocks of each length are reused apart. Refuses to
judge.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tamesu.base.observations import NO_TIME
from tamesu.join.chains import NOTHING
from tamesu.join.pool import Stack, grown
from tamesu.join.totals import NO_TOTAL


class Deliveries:
    """Columns by delivery (d,).

    Attributes:
        funnel, place: its decision, and its place among the decision's deliveries.
        anchor: S in microseconds, `NO_TIME` while there is none.
        end: C of a session that has an anchor.
        shown: time of the first impression, `NO_TIME` while there is none.
        shown_received, shown_offset: when it was received, and its offset.
        due: when observation 0 is due, as things stand; once it is given, when the newest row was
            closed.
        open: whether observation 0 is still to be given.
        given: how many rows were.
        total: row in its clause's `Totals` of what counted until the newest row.
        waiting, counted: newest event that waits for the anchor; newest event that counted.
    """

    def __init__(self) -> None:
        empty = np.empty(0, dtype=np.int64)
        self.funnel, self.place, self.due = empty, empty, empty
        self.anchor, self.end = empty, empty
        self.shown, self.shown_received, self.shown_offset = empty, empty, empty
        self.given, self.total = empty, empty
        self.waiting, self.counted = empty, empty
        self.open = np.empty(0, dtype=np.bool_)
        self._last = empty
        self._free: dict[int, Stack] = {}
        self._end = 0

    def take(self, blocks: int, size: int) -> NDArray[np.int64]:
        """The first deliveries (blocks,) of as many blocks of `size` deliveries side by side."""
        reused = self._free.setdefault(size, Stack()).pop(blocks)
        missing = blocks - len(reused)
        if not missing:
            return reused
        new = self._end + size * np.arange(missing, dtype=np.int64)
        self._end += size * missing
        self._grow(self._end)
        return np.concatenate([reused, new])

    def begin(
        self,
        rows: NDArray[np.int64],
        funnel: NDArray[np.int64],
        place: NDArray[np.int64],
        anchor: NDArray[np.int64],
        due: NDArray[np.int64],
    ) -> None:
        """Starts the deliveries `rows` (n,)."""
        self.funnel[rows] = funnel
        self.place[rows] = place
        self.anchor[rows] = anchor
        self.due[rows] = due
        self.shown[rows] = NO_TIME
        self.given[rows] = 0
        self.total[rows] = NO_TOTAL
        self.waiting[rows] = NOTHING
        self.counted[rows] = NOTHING
        self.open[rows] = True

    def give(self, first: NDArray[np.int64], size: NDArray[np.int64]) -> None:
        """Takes back the blocks that start at `first` (n,) and have `size` (n,) deliveries."""
        for length in np.flatnonzero(np.bincount(size)).tolist():
            self._free[length].push(first[size == length])

    def distinct(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """Each of the deliveries `rows` (n,) once."""
        places = np.arange(len(rows))
        self._last[rows] = places
        first: NDArray[np.int64] = rows[self._last[rows] == places]
        return first

    def _grow(self, size: int) -> None:
        self.funnel = grown(self.funnel, size)
        self.place = grown(self.place, size)
        self.anchor = grown(self.anchor, size)
        self.end = grown(self.end, size)
        self.shown = grown(self.shown, size)
        self.shown_received = grown(self.shown_received, size)
        self.shown_offset = grown(self.shown_offset, size)
        self.given = grown(self.given, size)
        self.total = grown(self.total, size)
        self.due = grown(self.due, size)
        self.waiting = grown(self.waiting, size)
        self.counted = grown(self.counted, size)
        self.open = grown(self.open, size)
        self._last = grown(self._last, size)


def block_rows(first: NDArray[np.int64], size: NDArray[np.int64]) -> NDArray[np.int64]:
    """Every delivery (Σ size,) of the blocks at `first` (n,), block after block."""
    ends = np.cumsum(size)
    total = int(ends[-1]) if len(ends) else 0
    return np.repeat(first - (ends - size), size) + np.arange(total, dtype=np.int64)
