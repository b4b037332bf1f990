"""`Doubts`: claims that were never confirmed, and are too old for their records to be appended now.

The server that made one was killed, or its append failed. Whether the log has the record is looked up;
then claiming again finds what may be answered. Refuses to keep the log's writer waiting for that.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection

import msgspec

from tamesu.base import (
    Decision,
    TamesuError,
    Time,
    Unavailable,
    decode_decision,
    parse_decision_id,
)
from tamesu.base.times import SECOND_US
from tamesu.ports import Claim, Clock, EventLog
from tamesu.serve.core.claims import FRESH_US, Claims
from tamesu.serve.core.logbook import find_entries
from tamesu.serve.core.ticket import Standing

SETTLED_US = FRESH_US + 10 * SECOND_US
"""How old a decision is when it is in the log or never answered: the last moment at which an append may
begin, and longer than anybody who waits for one is kept waiting."""


class Doubts:
    """Settles doubts, one look into the log at a time. Belongs to the event loop.

    Args:
        claims: to be set right.
        log: to look into.
        clock: new claims last from now on.
        patience_s: how long whoever asks waits.
    """

    def __init__(self, claims: Claims, log: EventLog, clock: Clock, *, patience_s: float) -> None:
        self._claims = claims
        self._log = log
        self._clock = clock
        self._patience_s = patience_s
        self._one_at_a_time = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()

    async def settle(self, doubts: Collection[Standing]) -> None:
        """Confirms those whose records the log has, and lets go of the others; all in one look.

        Concurrent case: of many that doubt the same, here and on other servers, all may do it: who
        claims first afterwards has it.

        Raises:
            Unavailable: one is not in the log and may still be on its way there (the others are
                settled); or it takes longer than `patience_s` (it goes on, and the next to ask finds
                it done), or the log is down.
            Corrupt: the log's bytes cannot be read.
        """
        task = asyncio.create_task(self._settle(doubts))
        self._tasks.add(task)
        task.add_done_callback(self._settled)
        try:
            await asyncio.wait_for(asyncio.shield(task), self._patience_s)
        except TimeoutError as error:
            raise Unavailable(
                f"the log must say within {self._patience_s:g} s whether it has an earlier decision "
                "of a request, it did not",
                hint="try again in a moment, with the same request_id",
            ) from error

    async def recorded(self, key: str) -> Decision | None:
        """The decision that stands under `key` and is in the log, if one does; nothing is claimed.

        Raises:
            Unavailable, Corrupt: the log cannot be read.
        """
        async with self._one_at_a_time:
            return await asyncio.to_thread(self._recorded, key)

    def _recorded(self, key: str) -> Decision | None:
        (found,) = self._claims.find([key], self._clock.now())
        if found is None:
            return None
        try:
            decision = decode_decision(found.value)
        except (msgspec.MsgspecError, TamesuError):
            return None  # the cache is damaged; whoever claims says so
        if found.confirmed or find_entries(self._log, [decision.decision_id]):
            return decision
        return None

    async def _settle(self, doubts: Collection[Standing]) -> None:
        async with self._one_at_a_time:
            await asyncio.to_thread(self._look_up, doubts)

    def _settled(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            task.exception()  # whoever waits sees it; nobody waiting is no mistake

    def _look_up(self, doubts: Collection[Standing]) -> None:
        now = self._clock.now()
        once = [*dict.fromkeys(doubts)]
        found = self._claims.find([doubt.key for doubt in once], now)
        # What does not stand so any more was settled while we waited.
        ids = {
            doubt: decode_decision(doubt.record).decision_id
            for doubt, claim in zip(once, found, strict=True)
            if claim == Claim(doubt.record, confirmed=False)
        }
        entries = find_entries(self._log, set(ids.values()))
        self._claims.confirm([doubt for doubt, identity in ids.items() if identity in entries])
        missing = {doubt: each for doubt, each in ids.items() if each not in entries}
        left_us = {doubt: _left_us(identity, now) for doubt, identity in missing.items()}
        self._claims.drop([doubt for doubt, left in left_us.items() if left <= 0])
        longest_us = max(left_us.values(), default=0)
        if longest_us > 0:
            raise Unavailable(
                "an earlier decision of a request must be in the log, or "
                f"{SETTLED_US // SECOND_US} s old to be given up: another server may still record it",
                hint="try again, with the same request_id",
                retry_after_s=longest_us / SECOND_US,
            )


def _left_us(identity: str, now: Time) -> int:
    """How long a decision that is not in the log may still be on its way there."""
    return parse_decision_id(identity).decided + SETTLED_US - now
