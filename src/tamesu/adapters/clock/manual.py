"""Time and identity that a test, a simulation or a replay decides.

Refuses to move by itself: two runs with the same calls see the same moments and the same ids.
"""

from __future__ import annotations

import hashlib
import itertools
import threading

from tamesu.base import RANDOM_BYTES, Time, uuid7

START = Time(1_767_225_600_000_000)
"""2026-01-01T00:00:00Z: where a manual clock stands if not told otherwise."""


class ManualClock:
    """A clock that stands still until it is moved. Safe from many threads."""

    def __init__(self, start: int = START) -> None:
        self._now = Time(start)
        self._lock = threading.Lock()

    def now(self) -> Time:
        """The moment it was last moved to."""
        return self._now

    def sleep(self, duration_us: int) -> None:
        """Moves the clock by `duration_us` and returns at once."""
        self.move(max(duration_us, 0))

    def move(self, duration_us: int) -> None:
        """Moves the clock by `duration_us`, back where that is negative."""
        with self._lock:
            self._now = Time(self._now + duration_us)

    def set(self, now: int) -> None:
        """Moves the clock to `now`, in microseconds since the epoch."""
        with self._lock:
            self._now = Time(now)


class SeededIds:
    """Ids that follow from a seed: the n-th id of a seed is the same on every machine.

    The random part is BLAKE2b of the call's number, keyed with the seed. Safe from many threads;
    which thread gets which number is then open.
    """

    def __init__(self, seed: int = 0) -> None:
        self._key = seed.to_bytes(16, "big", signed=True)
        self._numbers = itertools.count()

    def uuid7(self, now: Time) -> str:
        """The next id of this seed, of `now`'s millisecond; 32 hex digits."""
        return uuid7(now // 1_000, self._draw(RANDOM_BYTES))

    def seed(self) -> int:
        """The next seed of this seed, in [0, 2^63)."""
        return int.from_bytes(self._draw(8), "big") >> 1

    def _draw(self, size: int) -> bytes:
        number = next(self._numbers).to_bytes(8, "big")
        return hashlib.blake2b(number, key=self._key, digest_size=size).digest()
