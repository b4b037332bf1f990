"""`Guests`: the connections that a server holds, and which of them have to go.

Who has taken longer than he may goes in any case; where the house is full, who asks nothing goes before
whoever comes is left outside. Refuses to end a request that is being answered in its time.
"""

from __future__ import annotations

import asyncio
import heapq
from typing import Any, Protocol

from tamesu.serve.http.doorman import Place

SWEEP_S = 1.0
"""How often it is looked who has taken too long: so much longer may it be."""

ROOM = 64
"""How many go at once where the house is full: looking for them takes a look at everybody."""


class Guest(Protocol):
    """One connection."""

    until: float

    @property
    def is_idle(self) -> bool:
        """Whether nothing is asked and nothing is being answered."""
        ...

    def expire(self) -> None:
        """Ends it, for it did not move on."""
        ...


class Guests(set[Any]):
    """The connections that are open, each a `Guest`, as it adds and discards itself.

    Args:
        place: is told each time.
    """

    def __init__(self, place: Place) -> None:
        super().__init__()
        self._place = place

    def add(self, guest: object) -> None:
        """One more."""
        super().add(guest)
        self._place.hold(len(self))

    def discard(self, guest: object) -> None:
        """One less, if it was there."""
        super().discard(guest)
        self._place.hold(len(self))

    async def sweep(self, every_s: float = SWEEP_S) -> None:
        """Ends connections that have taken longer than they may, until it is cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(every_s)
            now = loop.time()
            for guest in [guest for guest in self if guest.until < now]:
                guest.expire()

    def make_room(self) -> bool:
        """Ends some that ask nothing, those first whose time is over first; whether there were any."""
        idle: list[Guest] = [guest for guest in self if guest.is_idle]
        going = heapq.nsmallest(ROOM, idle, key=lambda guest: guest.until)
        for guest in going:
            guest.expire()
        return bool(going)
