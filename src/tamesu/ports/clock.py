"""Time and identity: the two things that a pure room may not know.

Refuses to promise a clock that never steps back: the log's `received` does.
"""

from __future__ import annotations

from typing import Protocol

from tamesu.base import Time


class Clock(Protocol):
    """What time it is."""

    def now(self) -> Time:
        """This moment by the wall clock; it may step back."""
        ...

    def sleep(self, duration_us: int) -> None:
        """Lets at least `duration_us` pass; a clock of tests moves itself instead of waiting."""
        ...


class IdSource(Protocol):
    """Where new ids come from."""

    def uuid7(self, now: Time) -> str:
        """A new version 7 UUID of `now`'s millisecond, 32 hex digits, never given before."""
        ...

    def seed(self) -> int:
        """A new seed for a bandit, in [0, 2^63)."""
        ...
