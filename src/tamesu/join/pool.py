"""`Pool`: places in a table to lend and take back, so that a table is as large as its busiest moment.

Refuses to hold the table itself: whoever lends the places owns the columns.
"""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

Column = TypeVar("Column", bound=NDArray[Any])


class Stack:
    """Whole numbers, the last ones put on the first ones taken off."""

    __slots__ = ("_numbers", "height")

    def __init__(self) -> None:
        self.height = 0
        self._numbers = np.empty(0, dtype=np.int64)

    def push(self, numbers: NDArray[np.int64]) -> None:
        """Puts `numbers` (n,) on top."""
        top = self.height + len(numbers)
        self._numbers = grown(self._numbers, top)
        self._numbers[self.height : top] = numbers
        self.height = top

    def pop(self, most: int) -> NDArray[np.int64]:
        """Takes up to `most` numbers off the top."""
        bottom = max(self.height - most, 0)
        taken = self._numbers[bottom : self.height].copy()
        self.height = bottom
        return taken


class Pool:
    """Places 0, 1, 2 … that are free or lent.

    Attributes:
        size: how many places there are; it only grows.
    """

    __slots__ = ("_free", "size")

    def __init__(self) -> None:
        self.size = 0
        self._free = Stack()

    @property
    def lent(self) -> int:
        """How many places are lent."""
        return self.size - self._free.height

    def take(self, count: int) -> NDArray[np.int64]:
        """`count` places (count,), free ones first, then new ones."""
        taken = self._free.pop(count)
        missing = count - len(taken)
        if not missing:
            return taken
        new = np.arange(self.size, self.size + missing, dtype=np.int64)
        self.size += missing
        return np.concatenate([taken, new])

    def give(self, places: NDArray[np.int64]) -> None:
        """Takes back `places` (n,), each lent and none twice."""
        self._free.push(places)


def grown(column: Column, size: int, fill: int | None = 0) -> Column:
    """`column` (n,) with at least `size` places, at least doubled, the new ones filled with `fill`."""
    if size <= len(column):
        return column
    longer = np.full(max(size, 2 * len(column), 64), fill, dtype=column.dtype)
    longer[: len(column)] = column
    return longer  # type: ignore[return-value]  # the same dtype
