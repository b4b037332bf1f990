"""`Totals`: what the events that counted came to so far, for deliveries that may still be corrected.

One table per declaration, a row per delivery of which an event counted, two whole numbers per event
type; their sense is `terms`'. So a correction costs what is new, however much counted before. Refuses
to know what a row is worth.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tamesu.join.chains import Placed
from tamesu.join.clauses import Clauses
from tamesu.join.pool import Pool, grown
from tamesu.join.terms import Along, rewards_along

NO_TOTAL = 0
"""The row of every delivery of which nothing counted: all zeros."""


class Totals:
    """Two columns of whole numbers per event type, `high` and `low` (rows, types)."""

    __slots__ = ("_pool", "_width", "high", "low")

    def __init__(self, types: int) -> None:
        self._pool = Pool()
        self._width = types
        self.high = np.zeros((0, types), dtype=np.int64)
        self.low = np.zeros((0, types), dtype=np.int64)
        self.take(1)  # NO_TOTAL

    def __len__(self) -> int:
        """How many deliveries have a row."""
        return self._pool.lent - 1

    def take(self, count: int) -> NDArray[np.int64]:
        """`count` rows (count,), to be filled."""
        rows = self._pool.take(count)
        if self._pool.size > len(self.high):
            self.high, self.low = (self._longer(column) for column in (self.high, self.low))
        return rows

    def give(self, rows: NDArray[np.int64]) -> None:
        """Takes back those of `rows` (n,) that are somebody's own."""
        self._pool.give(rows[rows != NO_TOTAL])

    def _longer(self, table: NDArray[np.int64]) -> NDArray[np.int64]:
        places = grown(table.ravel(), self._pool.size * self._width)
        return places[: len(places) // self._width * self._width].reshape(-1, self._width)


class AllTotals:
    """The tables of all declarations."""

    def __init__(self, clauses: Clauses) -> None:
        self._clauses = clauses
        self._tables: list[Totals] = []

    def __len__(self) -> int:
        """How many deliveries have a row."""
        return sum(map(len, self._tables))

    def along(
        self,
        number: int,
        total: NDArray[np.int64],
        rows: NDArray[np.int64],
        owner: NDArray[np.int64],
        events: Placed,
    ) -> Along:
        """The rewards of m deliveries along n more events; what they came to is kept if more may come.

        Args:
            number: of their declaration.
            total: by delivery its row here, `NO_TOTAL` for none; those that get one are filled in.
            rows: (m,) the deliveries.
            owner: (n,) place in `rows` of the delivery of each event, rising.
            events: in log order for each delivery.
        """
        while len(self._tables) <= number:
            reward = self._clauses.rewards[len(self._tables)]
            self._tables.append(Totals(len(reward.events)))
        totals = self._tables[number]
        mine = total[rows]
        along = rewards_along(
            self._clauses.rewards[number],
            heard=mine != NO_TOTAL,
            high=totals.high[mine],
            low=totals.low[mine],
            owner=owner,
            term=events.code - 1,
            value=events.value,
        )
        if self._clauses.early[number]:
            moved = np.unique(owner)
            fresh = moved[mine[moved] == NO_TOTAL]
            mine[fresh] = totals.take(len(fresh))
            total[rows[moved]] = mine[moved]
            totals.high[mine[moved]], totals.low[mine[moved]] = along.high[moved], along.low[moved]
        return along

    def give(self, number: int, rows: NDArray[np.int64]) -> None:
        """Takes back rows (n,) of the table of a declaration."""
        self._tables[number].give(rows)
