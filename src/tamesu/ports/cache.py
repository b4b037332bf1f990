"""The cache: what several answers must agree on for a while.

Refuses to be the only place of anything.
"""

from __future__ import annotations

from typing import Protocol

from tamesu.base import Time


class Cache(Protocol):
    """Claims with a time to live. Losing it costs repeats, never records."""

    def claim(self, key: str, value: bytes, now: Time, lasts_us: int) -> bytes | None:
        """Puts `value` under `key` if nothing live is there.

        Returns none if it was put, else what was there before. Duplicate case: the first stays.
        Concurrent case: exactly one caller gets none. An entry older than its time to live is gone.
        """
        ...

    def drop(self, key: str) -> None:
        """Takes a claim back, if there is one: what it stood for did not happen."""
        ...
