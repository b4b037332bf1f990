"""`Tracker`: events in, and in the log before they are acknowledged.

An event is judged by its delivery id and the declaration that the id names, nothing else: no decision
is looked up. Refuses to acknowledge what is not durable, and names every bad member of a batch.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import blake2b
from typing import Any

import msgspec

from tamesu.base import (
    DeliveryId,
    Draft,
    Event,
    InvalidInput,
    Kind,
    NotFound,
    TamesuError,
    Time,
    TooLarge,
    encode,
    parse_delivery_id,
)
from tamesu.base.errors import close_match, listing
from tamesu.base.reward import CLOCK_SKEW_US, MAX_VALUE
from tamesu.base.times import MILLISECOND_US
from tamesu.ports import Clock, Meter
from tamesu.serve.core.appender import Appender
from tamesu.serve.core.catalogue import Catalogue
from tamesu.serve.core.refusals import Refusals
from tamesu.serve.core.terms import Terms
from tamesu.serve.core.wire import MAX_BATCH, EventRequest, check_text

_EVENT = Kind.EVENT.value


class Tracked(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How many events of a batch were accepted, and what became of each.

    Attributes:
        accepted: how many are in the log now.
        results: of a partial batch, one a member, in order: `{index, accepted: true, event_id}` or
            `{index, accepted: false, code, detail, hint}`.
    """

    accepted: int
    results: list[dict[str, Any]] = []


class Tracker:
    """Takes events for the bandits of a catalogue."""

    def __init__(
        self, *, catalogue: Catalogue, appender: Appender, clock: Clock, meter: Meter
    ) -> None:
        self._catalogue = catalogue
        self._appender = appender
        self._clock = clock
        self._meter = meter

    async def track(
        self, events: Sequence[EventRequest | TamesuError], *, partial: bool = False
    ) -> Tracked:
        """Records `events` (1 to `MAX_BATCH`) in one append.

        Args:
            events: a member that could not even be read stands as its error.
            partial: take the good members of a batch that has bad ones too.

        Raises:
            InvalidInput: a member is refused (all are named under `errors`) and not `partial`.
            Unavailable: the log did not take them in time; the outcome may be unknown.
        """
        if not events:
            raise InvalidInput("events must hold at least one event, got none")
        if len(events) > MAX_BATCH:
            raise TooLarge(f"at most {MAX_BATCH:,} events in a batch, got {len(events):,}")
        now = self._now()
        drafts: list[Draft] = []
        bandits: dict[str, int] = {}
        refusals = Refusals("events", "accepted")
        taken: dict[int, str] = {}
        for index, event in enumerate(events):
            try:
                if isinstance(event, TamesuError):
                    raise event
                delivery = parse_delivery_id(event.delivery_id)
                terms = self._catalogue.terms(delivery.bandit, delivery.declaration)
                if terms is None:
                    terms = await self._look_up(delivery)
                record = judge(event, delivery, terms, now)
            except TamesuError as error:
                refusals.add(index, error)
                continue
            taken[index] = record.event_id
            drafts.append(Draft(delivery.decision_id, _EVENT, encode(record)))
            bandits[delivery.bandit] = bandits.get(delivery.bandit, 0) + 1
        if not partial:
            refusals.raise_any(len(events))
        if drafts:
            await self._appender.submit(drafts).future
        for bandit, number in bandits.items():
            self._meter.count("events_total", number, bandit=bandit)
        return Tracked(accepted=len(drafts), results=_results(taken, refusals) if partial else [])

    def _now(self) -> Time:
        """This moment; by the log's clock where that is ahead: ours may have stepped back."""
        return max(self._clock.now(), Time(self._appender.received_ms * MILLISECOND_US))

    async def _look_up(self, delivery: DeliveryId) -> Terms:
        terms = await self._catalogue.look_up_terms(delivery.bandit, delivery.declaration)
        if terms is not None:
            return terms
        known = self._catalogue.held()
        if delivery.bandit in known:
            raise NotFound(
                f"bandit {delivery.bandit!r} has no declaration number {delivery.declaration}",
                hint="send delivery ids back as they were given",
                bandit=delivery.bandit,
            )
        raise NotFound.bandit(delivery.bandit, known)


def judge(event: EventRequest, delivery: DeliveryId, terms: Terms, now: Time) -> Event:
    """The record of an event that may be.

    Raises:
        InvalidInput: a position, type, value, time or id that cannot be.
    """
    if delivery.position >= terms.size:
        raise InvalidInput(
            f"position must lie below {terms.size}, the most that {delivery.bandit!r} delivers at "
            f"once, got {delivery.position}",
            field="delivery_id",
        )
    if delivery.decided > now + CLOCK_SKEW_US:
        raise InvalidInput(
            "a delivery id must not name a decision of the future: its time is more than 1 min ahead",
            hint="send delivery ids back as they were given",
            field="delivery_id",
        )
    if event.type not in terms.types:
        types = terms.reward.types
        match = close_match(event.type, types)
        raise InvalidInput(
            f"bandit {delivery.bandit!r} takes no events of type {event.type[:80]!r}",
            hint=f"did you mean {match!r}?" if match else f"it takes {listing(types)}",
            field="type",
        )
    value = event.value
    if value is not None and not -MAX_VALUE <= value <= MAX_VALUE:
        raise InvalidInput(f"value must lie within ±2^31, got {value}", field="value")
    time = None if event.time is None else Time.parse(event.time)
    if event.event_id is None:
        identity = _hash(event)
    else:
        check_text(event.event_id, "event_id")
        identity = event.event_id
    return Event(
        event_id=identity, delivery_id=event.delivery_id, type=event.type, value=value, time=time
    )


def _results(taken: Mapping[int, str], refusals: Refusals) -> list[dict[str, Any]]:
    """One result a member, in order."""
    good = [{"index": i, "accepted": True, "event_id": taken[i]} for i in taken]
    bad = [{**error, "accepted": False} for error in refusals.errors]
    return sorted(good + bad, key=lambda result: result["index"])


def _hash(event: EventRequest) -> str:
    """The id of an event that has none: the same facts, the same id."""
    facts = msgspec.json.encode((event.delivery_id, event.type, event.value, event.time))
    return blake2b(facts, digest_size=16).hexdigest()
