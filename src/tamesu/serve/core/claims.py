"""`Claims`: one request id, one decision, for ten minutes, on whichever server it arrives.

A claim is the whole record, put into the cache before it is appended, and confirmed once it is in the
log. Whoever finds a confirmed claim answers it. Whoever finds another appends it once more (the join
drops repeats), or, where it is too old for that, must look whether the log has it (see `doubts`). So an
answered decision is always in the log. A cache that is down costs the promise, not the decision.
Refuses to answer anything that may not be in the log.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeVar

import msgspec
import structlog

from tamesu.base import Corrupt, Draft, Kind, TamesuError, Time, decode_decision, parse_decision_id
from tamesu.base.times import MINUTE_US, SECOND_US
from tamesu.ports import Cache, Claim
from tamesu.serve.core.ticket import Ticket
from tamesu.serve.core.trace import trace

LASTS_US = 10 * MINUTE_US
"""How long a request id is remembered."""

FRESH_US = 30 * SECOND_US
"""How old a decision may be and still be appended: half the clock skew that the join allows."""

REST_S = 1.0
"""How long a cache that failed is left alone: each failure may take its while."""

T = TypeVar("T")
_log = structlog.get_logger("tamesu.serve.claims")
_DECISION = Kind.DECISION.value


class Claimed:
    """What comes of the claims of some tickets, draft by draft.

    Attributes:
        drafts: what is to be appended for these tickets.
        known: the records, by key, that are in the log once `drafts` are.
    """

    __slots__ = ("_now", "drafts", "known")

    def __init__(self, now: Time) -> None:
        self._now = now
        self.drafts: list[Draft] = []
        self.known: dict[str, bytes] = {}

    def take(self, ticket: Ticket, index: int, key: str, found: Claim | None) -> None:
        """One draft of a ticket, whose claim of `key` found `found`."""
        if found is None:
            self.known[key] = ticket.drafts[index].body
            self.add(ticket, ticket.drafts[index])
            return
        try:
            decision = decode_decision(found.value)
            decided = parse_decision_id(decision.decision_id).decided
        except (msgspec.MsgspecError, TamesuError):
            _log.error("a claim in the cache is no decision's", bytes=len(found.value))
            ticket.unclaimed.add(index)
            self.add(ticket, ticket.drafts[index])
            return
        if not found.confirmed and self.known.get(key) != found.value:
            if self._now - decided > FRESH_US:
                ticket.doubts[index] = found.value
                return
            self.known[key] = found.value
            self.add(ticket, Draft(decision.decision_id, _DECISION, found.value))
        ticket.earlier[index] = decision
        ticket.writes |= not found.confirmed

    def add(self, ticket: Ticket, draft: Draft) -> None:
        """A draft of the ticket is to be appended."""
        self.drafts.append(draft)
        ticket.writes = True


def claim_key(bandit: str, request_id: str) -> str:
    """The name under which the decisions of `bandit` for `request_id` are claimed."""
    return f"{bandit}/{request_id}"


class Claims:
    """The decisions of the last ten minutes by request id, in a cache that servers may share.

    No method raises for a cache that is down. Concurrent case: all may be called beside each other.
    """

    def __init__(self, cache: Cache) -> None:
        self._cache = cache
        self._rests_until = 0.0

    def claim(self, tickets: Sequence[Ticket], now: Time) -> Claimed:
        """Claims what the tickets claim, in one step, and says in each what stands instead.

        Gives what is then to be appended: what nobody claimed before, and once more what was claimed
        and never confirmed. A draft whose claim is in doubt is left out.
        """
        claimed = Claimed(now)
        wanted = [
            (key, draft.body)
            for ticket in tickets
            if ticket.claims
            for key, draft in zip(ticket.claims, ticket.drafts, strict=True)
            if key is not None
        ]
        found = self._try(lambda cache: cache.claim(wanted, now, LASTS_US)) if wanted else []
        standing = iter(found or ())
        for ticket in tickets:
            if not ticket.claims:
                claimed.drafts.extend(ticket.drafts)
                continue
            if found is None:
                claimed.drafts.extend(ticket.drafts)
                ticket.unclaimed.update(i for i, key in enumerate(ticket.claims) if key is not None)
                continue
            ticket.writes = False
            for index, key in enumerate(ticket.claims):
                if key is None:
                    claimed.add(ticket, ticket.drafts[index])
                else:
                    claimed.take(ticket, index, key, next(standing))
        return claimed

    def confirm(self, known: Mapping[str, bytes]) -> None:
        """The records of these claims are in the log."""
        if known:
            self._try(lambda cache: cache.confirm(list(known.items())))

    def find(self, key: str, now: Time) -> Claim | None:
        """What stands under `key`; none where nothing does, or the cache is down."""
        return self._try(lambda cache: cache.find(key, now))

    def stands(self, key: str, old: bytes, new: bytes, now: Time) -> bool:
        """Whether `old` stands unconfirmed under `key`; where nothing does, `new` does from now on."""
        found = self._try(lambda cache: cache.claim([(key, new)], now, LASTS_US))
        return found == [Claim(old, confirmed=False)]

    def replace(self, key: str, old: bytes, new: bytes, now: Time) -> None:
        """Lets `new` stand where `old` stands unconfirmed, and nothing else."""
        self._try(lambda cache: cache.replace(key, old, new, now, LASTS_US))

    def fill(self, known: Iterable[tuple[str, bytes, Time]], now: Time) -> int:
        """Fills a cache that was not: claims made before; gives how many are new to it."""
        return self._try(lambda cache: cache.fill(known, now)) or 0

    def _try(self, act: Callable[[Cache], T]) -> T | None:
        """What the cache gives, or none where it fails, and for a while after that."""
        if time.monotonic() < self._rests_until:
            return None
        try:
            with contextlib.suppress(Corrupt):  # it was thrown away: the next one is new
                return act(self._cache)
            return act(self._cache)
        except Exception as error:  # noqa: BLE001 - whatever it fails with, decisions are answered
            self._rests_until = time.monotonic() + REST_S
            told = error.message if isinstance(error, TamesuError) else trace(error)
            _log.warning("the cache is down: request ids are not remembered", error=told)
            return None
