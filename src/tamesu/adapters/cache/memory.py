"""A cache in memory: for one server process.

Lives and dies with its process, which costs repeats and never records. Refuses to grow: at its
limit the oldest claim goes, so a request repeated after very many others is decided anew.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence

from tamesu.base import Time
from tamesu.ports import Claim, Wanted

CLAIMS = 200_000
"""How many claims a cache keeps if not told otherwise."""


class MemoryCache:
    """Claims by key, in the order in which they were made. Safe from many threads; O(1) a claim."""

    def __init__(self, claims: int = CLAIMS) -> None:
        self._most = claims
        self._claims: dict[str, tuple[Claim, int]] = {}
        self._lock = threading.Lock()
        self._filled = False

    def claim(self, wanted: Sequence[Wanted], now: Time) -> list[Claim | None]:
        """Puts what is wanted where nothing live is; see `tamesu.ports.Cache.claim`."""
        with self._lock:
            return [self._put(key, Claim(value, False), now, end) for key, value, end in wanted]

    def find(self, keys: Sequence[str], now: Time) -> list[Claim | None]:
        """What stands live; see `tamesu.ports.Cache.find`."""
        with self._lock:
            found = [self._claims.get(key) for key in keys]
        return [None if each is None or each[1] <= now else each[0] for each in found]

    def confirm(self, known: Sequence[tuple[str, bytes]]) -> None:
        """Confirms what stands; see `tamesu.ports.Cache.confirm`."""
        with self._lock:
            for key, value in known:
                found = self._claims.get(key)
                if found is not None and found[0].value == value:
                    self._claims[key] = (Claim(value, True), found[1])

    def drop(self, known: Sequence[tuple[str, bytes]]) -> int:
        """Takes out what stands; see `tamesu.ports.Cache.drop`."""
        dropped = 0
        with self._lock:
            for key, value in known:
                found = self._claims.get(key)
                if found is not None and found[0].value == value:
                    del self._claims[key]
                    dropped += 1
        return dropped

    def filled(self) -> bool:
        """Whether `fill` was called."""
        return self._filled

    def fill(self, known: Iterable[Wanted], now: Time) -> int:
        """Puts what is known from elsewhere; see `tamesu.ports.Cache.fill`."""
        put = 0
        for key, value, end in () if self._filled else known:
            if now < end:
                with self._lock:
                    put += self._put(key, Claim(value, True), now, end) is None
        self._filled = True
        return put

    def close(self) -> None:
        """Nothing to let go of."""

    def __len__(self) -> int:
        """How many claims are kept; some may have ended."""
        return len(self._claims)

    def _put(self, key: str, claim: Claim, now: Time, end: int) -> Claim | None:
        found = self._claims.get(key)
        if found is not None:
            if now < found[1]:
                return found[0]
            del self._claims[key]
        self._make_room(now)
        self._claims[key] = (claim, end)
        return None

    def _make_room(self, now: Time) -> None:
        """Forgets the oldest claims that have ended, and one more where there is no room."""
        for _ in range(2):  # two go for each that comes, so the ended ones run out
            oldest = next(iter(self._claims), None)
            if oldest is None or now < self._claims[oldest][1]:
                break
            del self._claims[oldest]
        if len(self._claims) >= self._most:
            del self._claims[next(iter(self._claims))]
