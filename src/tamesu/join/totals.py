"""`Totals`: what the events that counted came to so far, for deliveries that may still be corrected.

One table per declaration, a row per delivery of which an event counted, two whole numbers per event
type; their sense is `terms`'. So a correction costs what is new, however much counted before. Refuses
to know what a row is worth.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tamesu.join.pool import Pool, grown

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
