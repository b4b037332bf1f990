"""A cache in memory: for one server process.

Lives and dies with its process, which costs repeats and never records. Refuses to grow: at its
limit the oldest claim goes, so a request repeated after very many others is decided anew.
"""

from __future__ import annotations

import threading

from tamesu.base import Time

CLAIMS = 200_000
"""How many claims a cache keeps if not told otherwise."""


class MemoryCache:
    """Claims by key, in the order in which they were made. Safe from many threads; O(1) a claim."""

    def __init__(self, claims: int = CLAIMS) -> None:
        self._most = claims
        self._claims: dict[str, tuple[bytes, int]] = {}
        self._lock = threading.Lock()

    def claim(self, key: str, value: bytes, now: Time, lasts_us: int) -> bytes | None:
        """Puts `value` under `key` if nothing live is there; see `tamesu.ports.Cache.claim`."""
        with self._lock:
            found = self._claims.get(key)
            if found is not None:
                if now < found[1]:
                    return found[0]
                del self._claims[key]
            self._make_room(now)
            self._claims[key] = (value, now + lasts_us)
            return None

    def drop(self, key: str) -> None:
        """Takes a claim back, if there is one."""
        with self._lock:
            self._claims.pop(key, None)

    def __len__(self) -> int:
        """How many claims are kept; some may have ended."""
        return len(self._claims)

    def _make_room(self, now: Time) -> None:
        """Forgets the oldest claims that have ended, and one more where there is no room."""
        for _ in range(2):  # two go for each that comes, so the ended ones run out
            oldest = next(iter(self._claims), None)
            if oldest is None or now < self._claims[oldest][1]:
                break
            del self._claims[oldest]
        if len(self._claims) >= self._most:
            del self._claims[next(iter(self._claims))]
