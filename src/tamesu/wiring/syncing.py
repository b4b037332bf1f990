"""The role that syncs arms by the schedule of the settings, and what people are told of it.

It speaks to the store as a server does, so that it needs no server and no key. Refuses to run where
nothing is scheduled.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING

from tamesu.base import InvalidInput, TamesuError, Time
from tamesu.watch import Finding, hold_lifeline
from tamesu.wiring.places import open_folder, open_meter, open_store
from tamesu.wiring.settings import PROCESS_VARIABLE, Settings
from tamesu.wiring.sources import open_source

if TYPE_CHECKING:
    from tamesu.ports import ArmSource
    from tamesu.sync import Attempt, Scheduled

REST_S = 1.0
"""Between two looks at the clock: a schedule knows minutes."""

OVERDUE_US = 15 * 60_000_000
"""Longest that a sync may be behind its moment: others before it take their time."""


def run_syncs(settings: Settings) -> None:
    """Syncs what is due until SIGTERM or SIGINT.

    Raises:
        InvalidInput: nothing is scheduled.
        Unavailable: the data folder cannot be used.
    """
    import structlog

    from tamesu.adapters.clock.system import SystemClock
    from tamesu.sync import Attempts, Rounds

    if not settings.sync:
        raise InvalidInput(
            "the role sync needs a schedule, the settings hold none",
            hint="write it into tamesu.toml as  [[sync]]",
        )
    hold_lifeline()
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    folder, store = open_folder(settings), open_store(settings)
    meter = open_meter(settings, os.environ.get(PROCESS_VARIABLE, "sync"))
    log, failing = structlog.get_logger("tamesu.sync"), False
    try:
        rounds = Rounds(settings.sync, _opened, store, Attempts(folder), SystemClock(), meter)
        while not stop.is_set():
            try:
                rounds.turn()
            except TamesuError as error:
                if not failing:
                    log.warning("syncs wait", code=error.code, reason=error.message)
                failing = True
            else:
                failing = False
            stop.wait(REST_S)
    finally:
        store.close()
        meter.close()


def syncs(settings: Settings, now: Time) -> Iterator[Finding]:
    """What became of each scheduled sync, and which nobody ran."""
    from tamesu.sync import Attempts

    if not settings.sync:
        return
    try:
        last = Attempts(settings.folder).all()
    except TamesuError as error:
        yield Finding("syncs", well=False, found=error.message, hint=error.hint)
        return
    for each in settings.sync:
        yield _judged(each, last.get(each.key), now)


def _judged(each: Scheduled, attempt: Attempt | None, now: Time) -> Finding:
    check = f"sync of {each.bandit}"
    if attempt is None:
        return Finding(check, well=True, found=f"not tried yet; {each.cron} ({each.timezone})")
    due = each.last_due(now)
    if attempt.at < due < now - OVERDUE_US:
        found = f"was due at {due.text()[:19]}, nothing ran it"
        hint = "start the role that does:  tamesu serve  or  tamesu run sync"
        return Finding(check, well=False, found=found, hint=hint)
    if attempt.outcome == "waits":
        return Finding(check, well=True, found=f"not tried yet; {each.cron} ({each.timezone})")
    if attempt.outcome == "failed":
        found = f"failed at {attempt.at.text()[:19]}: {attempt.error}"
        return Finding(check, well=False, found=found, hint=attempt.hint)
    counts = ", ".join(f"{what} {count:,}" for what, count in attempt.counts.items() if count)
    found = f"{attempt.outcome} at {attempt.at.text()[:19]}"
    return Finding(check, well=True, found=f"{found}: {counts}" if counts else found)


def _opened(each: Scheduled) -> ArmSource:
    return open_source(each.source, each.query)
