"""`Claims`: one request id, one decision, for ten minutes, whatever happens in between.

A claim is the whole record, put into the cache before it is appended. Whoever finds one answers that
decision: at once if it is known to be in the log, after the append under way, or after appending it
again if the last one failed (the join drops repeats). So an answered decision is always in the log.
Refuses to answer anything that may not be.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import msgspec
import structlog

from tamesu.base import Decision, Draft, Kind, Time, decode_decision, encode, parse_decision_id
from tamesu.base.times import MINUTE_US, SECOND_US
from tamesu.ports import Cache, EventLog
from tamesu.serve.core.ticket import Landing, Ticket

LASTS_US = 10 * MINUTE_US
"""How long a request id is remembered."""

FRESH_US = 30 * SECOND_US
"""How old a decision may be and still be appended again: half the clock skew that the join allows."""

CHUNK = 20_000
"""Entries read at once when claims are brought back from the log."""

MOST_REFILLED = 400_000
"""Most entries read back at a start, so that it stays a matter of seconds."""

_log = structlog.get_logger("tamesu.serve.claims")


class Claimed(NamedTuple):
    """A decision that stands for a request id.

    Attributes:
        key: the claim's name, for `Claims`.
        decision: the one to answer.
        draft: its record, to be appended; none if that is done or under way.
        ticket: the append under way, if there is one.
    """

    key: str
    decision: Decision
    draft: Draft | None
    ticket: Ticket | None


class _Head(msgspec.Struct):
    """What a refill needs of a decision's record."""

    decision_id: str
    request_id: str | None = None


_head = msgspec.json.Decoder(_Head).decode


class Claims:
    """The decisions of the last ten minutes by request id.

    Concurrent case: all but `refill` belongs to the event loop. Between `claim` and `under_way` (or
    `refused`) nothing may be awaited: a claim found in between would count as landed.
    """

    def __init__(self, cache: Cache) -> None:
        self._cache = cache
        self._unsure: dict[str, Ticket] = {}

    def claim(self, bandit: str, request_id: str, now: Time, decision: Decision) -> Claimed:
        """The decision that stands for a request id: an earlier one, or `decision` from now on."""
        key = f"{bandit}/{request_id}"
        record = encode(decision)
        found = self._cache.claim(key, record, now, LASTS_US)
        if found is None:
            self._unsure.pop(key, None)
            draft = Draft(decision.decision_id, Kind.DECISION.value, record)
            return Claimed(key, decision, draft, None)
        earlier = decode_decision(found)
        ticket = self._unsure.get(key)
        if ticket is None or ticket.landing is Landing.LANDED:
            self._unsure.pop(key, None)
            return Claimed(key, earlier, None, None)
        if not ticket.future.done():
            return Claimed(key, earlier, None, ticket)
        if now - parse_decision_id(earlier.decision_id).decided <= FRESH_US:
            draft = Draft(earlier.decision_id, Kind.DECISION.value, found)
            return Claimed(key, earlier, draft, None)
        # Too old to be appended now without becoming poison, and never answered: decide anew.
        self._cache.drop(key)
        del self._unsure[key]
        return self.claim(bandit, request_id, now, decision)

    def under_way(self, keys: Sequence[str], ticket: Ticket) -> None:
        """`ticket` carries these claims; until `landed` they are unsure."""
        for key in keys:
            self._unsure[key] = ticket

    def landed(self, keys: Sequence[str]) -> None:
        """These claims are in the log."""
        for key in keys:
            self._unsure.pop(key, None)

    def failed(self, overdue: float) -> None:
        """Some claims stay unsure; forgets those whose ticket was due before `overdue`."""
        while self._unsure:
            key, ticket = next(iter(self._unsure.items()))
            if ticket.due >= overdue:
                return
            del self._unsure[key]

    def refused(self, keys: Sequence[str]) -> None:
        """Takes claims back whose records were not even queued."""
        for key in keys:
            if key not in self._unsure:
                self._cache.drop(key)

    def refill(self, log: EventLog, now: Time) -> int:
        """Brings back the claims of the last ten minutes from the log; gives how many.

        Finds the first such entry of each partition by bisection, then reads on from there, at most
        the newest `MOST_REFILLED` entries.
        """
        kept = 0
        for partition in range(log.partitions):
            end = log.end(partition)
            offset = _first_since(log, partition, end, (now - LASTS_US) // 1000)
            if end - offset > MOST_REFILLED:
                _log.warning("the oldest request ids are forgotten", entries=end - offset)
                offset = end - MOST_REFILLED
            while entries := log.read(partition, offset, CHUNK):
                kept += sum(self._refill_one(entry.kind, entry.body) for entry in entries)
                offset = entries[-1].offset + 1
        return kept

    def _refill_one(self, kind: str, body: bytes) -> bool:
        if kind != Kind.DECISION.value or b'"request_id":null' in body:
            return False
        try:
            head = _head(body)
            identity = parse_decision_id(head.decision_id)
        except (ValueError, msgspec.MsgspecError):
            return False
        if head.request_id is None:
            return False
        key = f"{identity.bandit}/{head.request_id}"
        return self._cache.claim(key, body, identity.decided, LASTS_US) is None


def _first_since(log: EventLog, partition: int, end: int, since_ms: int) -> int:
    """The least offset from which on entries were received at or after `since_ms`."""
    low, high = 0, end
    while low < high:
        middle = (low + high) // 2
        entries = log.read(partition, middle, 1)
        if entries and entries[0].received < since_ms:
            low = entries[0].offset + 1
        else:
            high = middle
    return low
