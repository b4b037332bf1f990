"""The board: one page of shared memory where every role shows that its loop still turns.

The supervisor makes it and hands its file descriptor down; each role writes on a seat of its own, with
one store of eight bytes a value, so there is no lock and nothing to wait for. A role that hangs stops
writing, which is how it is noticed; servers read each other's seats to take connections in turn. It
lies in memory alone: no full disk and no read-only one can stop a heart. Refuses to judge: who is late
is the supervisor's question.
"""

from __future__ import annotations

import mmap
import os
import tempfile
import time
from typing import Self

BOARD_VARIABLE = "TAMESU_BOARD"
"""Tells a role where it sits: the board's file descriptor, its own seat, how many seats there are."""

FRESH_NS = 1_500_000_000
"""A sibling that has not beaten for so long takes nobody in: nobody stands back for it."""

_VALUES = 3
_BEAT, _CONNECTIONS, _READY = range(_VALUES)
_NOBODY = -1


class Board:
    """Seats for roles, in memory that parent and children share.

    Args:
        descriptor: a file of at least `size_bytes(seats)`; the board owns it.
        seats: how many there are.
    """

    def __init__(self, descriptor: int, seats: int) -> None:
        self.descriptor = descriptor
        self.seats = seats
        self._page = mmap.mmap(descriptor, size_bytes(seats))
        self._values = memoryview(self._page).cast("q")

    @classmethod
    def make(cls, seats: int) -> Self:
        """A new board on which nobody sits."""
        descriptor = _anonymous()
        os.truncate(descriptor, size_bytes(seats))
        board = cls(descriptor, seats)
        for seat in range(seats):
            board.clear(seat)
        return board

    def clear(self, seat: int) -> None:
        """Nobody sits there now."""
        self._write(seat, _BEAT, 0)
        self._write(seat, _CONNECTIONS, _NOBODY)
        self._write(seat, _READY, 0)

    def beat(self, seat: int) -> None:
        """The loop of who sits there turned just now."""
        self._write(seat, _BEAT, time.monotonic_ns())

    def beaten(self, seat: int) -> int | None:
        """When its loop last turned, on the monotonic clock in nanoseconds; none before the first."""
        return self._read(seat, _BEAT) or None

    def hold(self, seat: int, connections: int | None) -> None:
        """Who sits there holds so many connections; none where it takes none."""
        self._write(seat, _CONNECTIONS, _NOBODY if connections is None else connections)

    def held(self, seat: int) -> int | None:
        """How many connections are held there; none where nobody takes any."""
        held = self._read(seat, _CONNECTIONS)
        return None if held == _NOBODY else held

    def say_ready(self, seat: int, *, ready: bool) -> None:
        """Whether who sits there can do its work."""
        self._write(seat, _READY, int(ready))

    def is_ready(self, seat: int) -> bool:
        """What who sits there said last of itself; false before it said anything."""
        return bool(self._read(seat, _READY))

    def least_held(self, besides: int) -> int | None:
        """Fewest connections on any seat but one whose loop turns; none where no such seat is."""
        late = time.monotonic_ns() - FRESH_NS
        others = [
            held
            for seat in range(self.seats)
            if seat != besides
            and (held := self.held(seat)) is not None
            and self._read(seat, _BEAT) >= late
        ]
        return min(others, default=None)

    def close(self) -> None:
        """Gives the memory back; a second call does nothing."""
        if self.descriptor >= 0:
            self._values.release()
            self._page.close()
            os.close(self.descriptor)
            self.descriptor = -1

    def _write(self, seat: int, value: int, number: int) -> None:
        self._values[seat * _VALUES + value] = number

    def _read(self, seat: int, value: int) -> int:
        return self._values[seat * _VALUES + value]


def size_bytes(seats: int) -> int:
    """How large a board is."""
    return seats * _VALUES * 8


def _anonymous() -> int:
    """A file that no folder names."""
    if hasattr(os, "memfd_create"):
        return os.memfd_create("tamesu-board")
    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())
