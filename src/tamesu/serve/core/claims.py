"""`Claims`: one request, one decision, and for a sticky bandit one unit, one decision, on any server.

A claim is the whole record, put into the cache before it is appended, and confirmed once it is in the
log. Whoever finds a confirmed claim answers it. Whoever finds another appends it once more (the join
drops repeats), or, where it is too old for that, must look whether the log has it (see `doubts`). So an
answered decision is always in the log. A cache that is down costs the promise, not the decision.
Refuses to answer anything that may not be in the log.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

import structlog

from tamesu.base import Corrupt, TamesuError, Time
from tamesu.base.times import MINUTE_US, SECOND_US
from tamesu.ports import Cache, Claim, Wanted
from tamesu.serve.core.again import By
from tamesu.serve.core.claiming import Claimed, Claiming
from tamesu.serve.core.ticket import Ticket
from tamesu.serve.core.trace import trace

LASTS_US = 10 * MINUTE_US
"""How long a request id is remembered."""

FRESH_US = 30 * SECOND_US
"""How old a decision may be and still be appended: half the clock skew that the join allows."""

ROUNDS = 4
"""How often a claim that cannot be used is taken out and claimed anew, while others do the like."""

REST_S = 1.0
"""How long a cache that failed is left alone: each failure may take its while."""

T = TypeVar("T")
_log = structlog.get_logger("tamesu.serve.claims")


class Claims:
    """What was decided lately, by request id and by unit, in a cache that servers may share.

    No method raises for a cache that is down. Concurrent case: all may be called beside each other.
    """

    def __init__(self, cache: Cache) -> None:
        self._cache = cache
        self._rests_until = 0.0

    def claim(self, tickets: Sequence[Ticket], now: Time) -> Claimed:
        """Claims what the tickets claim, and says in each what stands instead.

        A request id that is known stands before everything. Else the unit's decision does, and the
        request id is claimed for it: a retry finds it, though the unit's claim should end meanwhile.
        Gives what is then to be appended: what nobody claimed before, and once more what was claimed
        and never confirmed. Of a ticket with a claim in doubt nothing is: it is to be submitted again
        when that is settled.
        """
        claimings = [
            Claiming(index, again, ticket.drafts[index].body)
            for ticket in tickets
            for index, again in enumerate(ticket.claims)
            if again is not None
        ]
        oldest = Time(now - FRESH_US)
        if claimings:
            self._look(claimings, now)
            for by in (By.UNIT, By.REQUEST):
                self._make([each for each in claimings if each.claims(by, oldest)], by, now)
        claimed = Claimed()
        rest = iter(claimings)
        for ticket in tickets:
            mine = [next(rest) for each in ticket.claims if each is not None]
            claimed.take(ticket, mine, oldest)
        return claimed

    def confirm(self, known: Sequence[tuple[str, bytes]]) -> None:
        """The records of these claims, (key, record), are in the log."""
        if known:
            self._try(lambda cache: cache.confirm(known))

    def find(self, keys: Sequence[str], now: Time) -> list[Claim | None]:
        """What stands under each of `keys`; none where nothing does, or the cache is down."""
        return self._try(lambda cache: cache.find(keys, now)) or [None] * len(keys)

    def drop(self, known: Sequence[tuple[str, bytes]]) -> None:
        """Lets what stands as one of `known` (key, record) go, so that it can be claimed anew."""
        self._try(lambda cache: cache.drop(known))

    def lost(self) -> bool:
        """Whether the cache is there and was never filled: it is new, or somebody threw it away."""
        return self._try(lambda cache: not cache.filled()) or False

    def fill(self, known: Iterable[Wanted], now: Time) -> int:
        """Fills a cache that was not: claims made before; gives how many are new to it."""
        return self._try(lambda cache: cache.fill(known, now)) or 0

    def _look(self, claimings: Sequence[Claiming], now: Time) -> None:
        """Looks up the request ids of those that would claim for a unit, too."""
        both = [each for each in claimings if each.again.unit and each.again.request]
        if not both:
            return
        keys = [str(each.again.request) for each in both]
        found = self._try(lambda cache: cache.find(keys, now))
        for claiming, claim in zip(both, found or [None] * len(both), strict=True):
            if claim is not None:
                claiming.find(claim, By.REQUEST)

    def _make(self, claimings: Sequence[Claiming], by: By, now: Time) -> None:
        """Makes the claims of that kind; what stands in their way and cannot be used goes."""
        left = claimings
        for _ in range(ROUNDS):
            if not left:
                return
            found = self._claim([each.wanted(by, Time(now + LASTS_US)) for each in left], now)
            if found is None:
                break
            pairs = zip(left, found, strict=True)
            unfit = [(each, old) for each, old in pairs if old and not each.find(old, by)]
            if unfit:
                self.drop([(str(each.again.key(by)), old.value) for each, old in unfit])
            left = [each for each, _ in unfit]
        for claiming in left:
            claiming.lost = True

    def _claim(self, wanted: Sequence[Wanted], now: Time) -> list[Claim | None] | None:
        return self._try(lambda cache: cache.claim(wanted, now))

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
            _log.warning("the cache is down: nothing is remembered", error=told)
            return None
