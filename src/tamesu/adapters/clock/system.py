"""The machine's time and randomness.

Refuses to smooth a clock that steps: the log stamps `received` so that it never falls.
"""

from __future__ import annotations

import os
import time
import weakref
from collections import deque

from tamesu.base import RANDOM_BYTES, Time, uuid7

_POOL = 256
"""Ids whose random part is drawn in one system call."""


class SystemClock:
    """The wall clock, in UTC, as the operating system gives it."""

    def now(self) -> Time:
        """This moment; microseconds, and it may step back with the machine's clock."""
        return Time(time.time_ns() // 1_000)

    def sleep(self, duration_us: int) -> None:
        """Blocks this thread for at least `duration_us`."""
        time.sleep(max(duration_us, 0) / 1_000_000)


class SystemIds:
    """Ids from the operating system's randomness: 74 random bits beside the millisecond.

    Safe from many threads (a pool with atomic pops) and across a fork (the child forgets the pool).
    Ids of one millisecond are in no order.
    """

    def __init__(self) -> None:
        self._tails: deque[str] = deque()
        tails = weakref.ref(self)

        def forget() -> None:
            source = tails()
            if source is not None:
                source._tails.clear()  # noqa: SLF001 - it is our own

        os.register_at_fork(after_in_child=forget)

    def uuid7(self, now: Time) -> str:
        """A new version 7 UUID of `now`'s millisecond, 32 hex digits, never given before."""
        try:
            tail = self._tails.pop()
        except IndexError:
            tail = self._refill()
        return f"{now // 1_000 & 0xFFFF_FFFF_FFFF:012x}{tail}"

    def seed(self) -> int:
        """A new seed for a bandit, in [0, 2^63)."""
        return int.from_bytes(os.urandom(8), "big") >> 1

    def _refill(self) -> str:
        """Puts fresh random parts into the pool, and keeps one back."""
        random = os.urandom(RANDOM_BYTES * _POOL)
        first, *rest = (
            uuid7(0, random[start : start + RANDOM_BYTES])[12:]
            for start in range(0, len(random), RANDOM_BYTES)
        )
        self._tails.extend(rest)
        return first
