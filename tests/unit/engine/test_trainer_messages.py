"""A trainer that waits says so once, and once more when it goes on."""

from __future__ import annotations

import threading

from structlog.testing import capture_logs

from tamesu.adapters.archive.memory import MemoryArchive
from tamesu.adapters.clock.manual import ManualClock
from tamesu.adapters.eventlog.memory import MemoryEventLog
from tamesu.adapters.meter.memory import MemoryMeter
from tamesu.adapters.store.memory import MemoryStore
from tamesu.base import Unavailable
from tamesu.base.times import HOUR_US
from tamesu.engine import ProcessEngine
from tamesu.testing.journal import Journal, declarations

SLEEPS = 40
OF_RECORDS = {"poison record", "late corrections found"}
"""What is said of the journal's records, and is not of interest here."""


class Full(MemoryStore):
    """Its first commits fail, as on a full disk."""

    left = 20

    def commit(self, commit):
        if self.left:
            self.left -= 1
            raise Unavailable("the disk is full")
        super().commit(commit)


class Counting:
    """A clock by which a trainer may sleep so often, and is then told to stop."""

    def __init__(self, clock, stop):
        self._clock, self._stop, self._left = clock, stop, SLEEPS

    def now(self):
        return self._clock.now()

    def sleep(self, duration_us):
        self._clock.sleep(duration_us)
        self._left -= 1
        if not self._left:
            self._stop.set()


def told(store, other_until_us=None):
    """What a trainer says over a journal, and its meter; another one may hold the lease at first."""
    clock, stop, meter = ManualClock(), threading.Event(), MemoryMeter()
    log = MemoryEventLog(clock=clock)
    for declaration in declarations():
        store.declare(declaration, clock.now())
    for _ in Journal(7, steps=90).write(log, clock):
        pass
    clock.move(HOUR_US)
    if other_until_us is not None:
        store.lease("other", clock.now(), other_until_us)
    archive = MemoryArchive()
    with capture_logs() as messages:
        ProcessEngine(log, store, archive, Counting(clock, stop), meter, holder="me").run(stop)
    events = [message["event"] for message in messages]
    usual = ("poison record", "late corrections found")
    return [event for event in events if event not in usual], meter


def test_a_store_that_is_full_is_told_of_once():
    events, meter = told(Full())
    assert events == ["lease taken", "learning waits", "learning goes on"]
    assert meter.value("learning_failures_total", code="unavailable") == 20


def test_a_trainer_that_stands_by_says_so_once_and_that_it_took_over():
    events, meter = told(MemoryStore(), other_until_us=5_000_000)
    assert events == ["lease held by another trainer", "lease taken"]
    assert meter.value("learning_failures_total", code="conflict") >= 9
