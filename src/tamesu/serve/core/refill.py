"""Claims brought back out of the log, for a cache that has lost them or never had any.

A request id that was answered with its unit's decision stands in no record: it is not brought back,
but the unit's decision is. Refuses to read further back than claims last.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator, Mapping, Sequence

import msgspec
import structlog

from tamesu.base import Kind, TamesuError, Time, parse_decision_id
from tamesu.base.times import MILLISECOND_US
from tamesu.ports import Clock, EventLog, Wanted
from tamesu.serve.core.again import request_key, unit_key
from tamesu.serve.core.catalogue import Catalogue
from tamesu.serve.core.claims import LASTS_US, Claims
from tamesu.serve.core.hot import Hot
from tamesu.serve.core.logbook import first_since

CHUNK = 20_000
"""Entries read at once."""

MOST = 400_000
"""Most entries of a partition read back, so that a start stays a matter of seconds."""

MOST_UNITS = 200_000
"""Most units brought back, those with the newest decisions."""

LOOK_S = 0.5
"""How often a running server looks whether its cache was lost."""

_log = structlog.get_logger("tamesu.serve.refill")
_DECISION = Kind.DECISION.value


class _Head(msgspec.Struct):
    """What a decision's record is read for."""

    decision_id: str
    snapshot: int
    request_id: str | None = None
    unit: str | None = None
    variant: str | None = None


_head = msgspec.json.Decoder(_Head).decode


class Refilling:
    """Sees to it that the cache of a running server is filled. Belongs to an event loop."""

    def __init__(
        self, *, claims: Claims, log: EventLog, catalogue: Catalogue, clock: Clock
    ) -> None:
        self._claims = claims
        self._log = log
        self._catalogue = catalogue
        self._clock = clock
        self._looking: asyncio.Task[None] | None = None

    async def start(self) -> int:
        """Fills it, and looks from now on whether it was lost; gives how many claims it brought back.

        Raises:
            Unavailable, Corrupt: the log cannot be read.
        """
        brought = await asyncio.to_thread(self._fill)
        self._looking = asyncio.create_task(self._look_on())
        return brought

    async def close(self) -> None:
        """Looks no more."""
        if self._looking is not None:
            self._looking.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._looking
            self._looking = None

    async def _look_on(self) -> None:
        while True:
            await asyncio.sleep(LOOK_S)
            if await asyncio.to_thread(self._claims.lost):
                try:
                    claims = await asyncio.to_thread(self._fill)
                except TamesuError as error:
                    _log.warning("a lost cache cannot be filled yet", code=error.code)
                else:
                    _log.info("a lost cache was filled", claims=claims)

    def _fill(self) -> int:
        return refill(self._claims, self._log, self._clock.now(), self._catalogue.held())


def refill(claims: Claims, log: EventLog, now: Time, hots: Mapping[str, Hot]) -> int:
    """Fills the cache with the claims that still last, unless it was; gives how many.

    Args:
        claims: to be filled.
        log: where decisions stand.
        now: what has ended by now is left out.
        hots: the bandits as they are served: of a sticky one, units get the newest decision that was
            made since its status was last set.

    Raises:
        Unavailable, Corrupt: the log cannot be read.
    """
    if not claims.lost():
        return 0
    sticky = {
        name: hot for name, hot in hots.items() if hot.declared.declaration.sticky is not None
    }
    longest_us = max([LASTS_US, *map(_sticky_us, sticky.values())])
    places: list[tuple[int, int]] = []
    for partition in range(log.partitions):
        end = log.end(partition)
        offset = first_since(log, partition, end, (now - longest_us) // MILLISECOND_US)
        places.append((partition, max(offset, end - MOST)))
        if offset < end - MOST:
            _log.warning("the oldest claims are forgotten", entries=end - MOST - offset)
    return claims.fill(_past(log, places, sticky, now), now)


def _past(
    log: EventLog, places: Sequence[tuple[int, int]], sticky: Mapping[str, Hot], now: Time
) -> Iterator[Wanted]:
    """The claims that the log holds from these places on: request ids as they come, then units."""
    units: dict[str, Wanted] = {}
    for partition, start in places:
        offset = start
        while entries := log.read(partition, offset, CHUNK):
            offset = entries[-1].offset + 1
            for entry in entries:
                if entry.kind == _DECISION and (sticky or b'"request_id":null' not in entry.body):
                    yield from _claims(entry.body, sticky, units, now)
    yield from units.values()


def _claims(
    body: bytes, sticky: Mapping[str, Hot], units: dict[str, Wanted], now: Time
) -> Iterator[Wanted]:
    """The claim of a request id that a decision's record stands for; one of a unit goes to `units`."""
    try:
        found = _head(body)
        identity = parse_decision_id(found.decision_id)
    except (ValueError, msgspec.MsgspecError, TamesuError):
        return  # poison, which the join counts
    if found.request_id is not None:
        key = request_key(identity.bandit, found.request_id)
        yield key, body, Time(identity.decided + LASTS_US)
    hot = sticky.get(identity.bandit)
    if hot is None or found.unit is None or identity.declaration != hot.declared.number:
        return
    ends = Time(identity.decided + _sticky_us(hot))
    if found.snapshot >= hot.since and now < ends:
        key = unit_key(hot, found.variant, found.unit)
        units.pop(key, None)  # the newest stands
        units[key] = key, body, ends
        if len(units) > MOST_UNITS:
            del units[next(iter(units))]


def _sticky_us(hot: Hot) -> int:
    sticky = hot.declared.declaration.sticky
    return 0 if sticky is None else sticky.ttl
