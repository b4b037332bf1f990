"""`Rounds`: the syncs of an installation, each when it is due.

A moment that was missed, because nothing ran or the machine slept, is made up for once, whatever
number of them was. Refuses to wait, and to let one that fails stop the others.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import structlog

from tamesu.base import Bug, TamesuError, Time
from tamesu.ports import ArmSource, Clock, Meter, Store
from tamesu.sync.attempts import Attempt, Attempts
from tamesu.sync.schedule import Scheduled
from tamesu.sync.stored import Stored
from tamesu.sync.syncing import Synced, bring

RETRY_US = 60_000_000
"""Rest after a failure that may pass; doubled after each."""

MOST_TRIES = 5
"""Failures one after the other; the next try then is at the next moment of the schedule."""

_log = structlog.get_logger("tamesu.sync")


class Rounds:
    """Runs what is due.

    Args:
        scheduled: what comes again.
        opened: the source of one of them.
        store: where the bandits are.
        attempts: what became of each.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - the ports, and what is to be done
        self,
        scheduled: Sequence[Scheduled],
        opened: Callable[[Scheduled], ArmSource],
        store: Store,
        attempts: Attempts,
        clock: Clock,
        meter: Meter,
    ) -> None:
        self._scheduled, self._opened, self._store = scheduled, opened, store
        self._attempts, self._clock, self._meter = attempts, clock, meter
        self._made: dict[str, Attempt] = {}  # known even where the disk takes no more

    def turn(self) -> int:
        """Runs every sync that is due now; gives how many it ran.

        One that was never heard of waits for its next moment: a new line in the settings runs
        nothing by itself.

        Raises:
            Unavailable, Corrupt: what became of them cannot be kept or read.
        """
        ran = 0
        for each in self._scheduled:
            now = self._clock.now()
            last = self._made.get(each.key) or self._attempts.all().get(each.key)
            if last is None:
                self._attempts.put(each.key, Attempt(at=now))
            elif is_due(each, last, now):
                made = self._made[each.key] = self._run(each, last, now)
                ran += 1
                self._attempts.put(each.key, made)
        return ran

    def _run(self, each: Scheduled, last: Attempt, now: Time) -> Attempt:
        try:
            synced = self._brought(each)
        except TamesuError as error:
            return self._failed(each, last, now, error)
        except Exception as error:  # noqa: BLE001 - a source that nobody foresaw stops no other
            told = Bug(f"a sync of {each.bandit!r} raised {type(error).__name__}: {error}")
            return self._failed(each, last, now, told)
        counts = synced.difference.counts
        status = "applied" if synced.told is None else synced.told["status"]
        outcome = "pending" if status == "pending" else "changed" if synced.told else "unchanged"
        self._meter.count("syncs_total", bandit=each.bandit, outcome=outcome)
        _log.info("arms are as in their source", bandit=each.bandit, outcome=outcome, **counts)
        return Attempt(at=now, outcome=outcome, counts=counts)

    def _brought(self, each: Scheduled) -> Synced:
        source = self._opened(each)
        return bring(
            Stored(self._store, self._clock, each.bandit),
            source.read(),
            source=f"{source.name}, by schedule {each.cron}",
            limit=each.limit,
        )

    def _failed(self, each: Scheduled, last: Attempt, now: Time, error: TamesuError) -> Attempt:
        self._meter.count("syncs_total", bandit=each.bandit, outcome="failed")
        _log.warning("a sync failed", bandit=each.bandit, code=error.code, reason=error.message)
        tries = last.tries + 1 if error.retriable else MOST_TRIES
        return Attempt(at=now, outcome="failed", error=error.message, hint=error.hint, tries=tries)


def is_due(each: Scheduled, last: Attempt, now: Time) -> bool:
    """Whether a sync is to run at `now`: its moment came since the last attempt, or it tries again."""
    if each.last_due(now) > last.at:
        return True
    tries_again = last.outcome == "failed" and last.tries < MOST_TRIES
    return tries_again and now - last.at >= RETRY_US << (last.tries - 1)
