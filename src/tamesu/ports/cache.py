"""The cache: what several answers must agree on for a while.

Refuses to be the only place of anything.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple, Protocol

from tamesu.base import Time


class Claim(NamedTuple):
    """What stands under a key.

    Attributes:
        value: what was put there.
        confirmed: whoever saw to it that the value may be relied on has said so.
    """

    value: bytes
    confirmed: bool


Wanted = tuple[str, bytes, Time]
"""A claim to be made: key, value, and the moment at which it ends."""


class Cache(Protocol):
    """Claims with a time to live. Losing them costs repeats, never records.

    Concurrent case: safe from many threads, and from many processes where the technology is shared;
    each call is one step, of which others see all or nothing. Every method raises `Unavailable` or
    `Corrupt` where the cache is out of reach, soon: a cache is not worth waiting for.
    """

    def claim(self, wanted: Sequence[Wanted], now: Time) -> list[Claim | None]:
        """Puts each (key, value, end) of `wanted`, unconfirmed, where nothing live is; in their order.

        Returns none for each that was put, else what was there before. Empty case: an empty answer;
        what has ended by `now` is put and not there. Duplicate case: the first stays, also of two in
        one call. Concurrent case: exactly one caller gets none. A claim is live until its end,
        whatever comes later; one that has ended is not there.
        """
        ...

    def find(self, keys: Sequence[str], now: Time) -> list[Claim | None]:
        """What stands live under each of `keys`, none where nothing does; it stays as it is."""
        ...

    def confirm(self, known: Sequence[tuple[str, bytes]]) -> None:
        """Confirms each (key, value) of `known` that stands; another value there is left alone."""
        ...

    def drop(self, known: Sequence[tuple[str, bytes]]) -> int:
        """Takes out each (key, value) of `known` that stands, confirmed or not; gives how many.

        Empty case: nothing there, or another value: it is left alone. Concurrent case: of many that
        drop the same, one does; who then claims the key finds it free, or what another put there.
        """
        ...

    def filled(self) -> bool:
        """Whether `fill` has ever come to its end: a cache that is new or was lost says no."""
        ...

    def fill(self, known: Iterable[Wanted], now: Time) -> int:
        """Puts what is known from elsewhere, confirmed: (key, value, end) where nothing live is.

        Returns how many it put. What has ended is left out. Duplicate case: the first stays, and a
        cache that is filled already stays as it is. Not one step but many, so that no claim waits for
        it; `filled` says yes after the last. Concurrent case: one fills, who else wants to waits.
        """
        ...

    def close(self) -> None:
        """Lets go of files and connections; a second call does nothing."""
        ...
