"""What a trainer measures is what it did."""

from __future__ import annotations

import threading

from tamesu.adapters.archive.memory import MemoryArchive
from tamesu.adapters.clock.manual import ManualClock
from tamesu.adapters.eventlog.memory import MemoryEventLog
from tamesu.adapters.meter.memory import MemoryMeter
from tamesu.adapters.store.memory import MemoryStore
from tamesu.base import Unavailable
from tamesu.base.times import HOUR_US
from tamesu.engine import ProcessEngine
from tamesu.ports import Holds
from tamesu.testing.journal import Journal, declarations


class EndsWhenIdle:
    """The trainer's clock: to sleep by it for the third time is to be told to stop."""

    def __init__(self, clock, stop):
        self._clock, self._stop, self._sleeps = clock, stop, 0

    def now(self):
        return self._clock.now()

    def sleep(self, duration_us):
        self._clock.sleep(duration_us)
        self._sleeps += 1
        if self._sleeps == 3:
            self._stop.set()


class FailsOnce(MemoryStore):
    """Its first commit fails, as on a full disk."""

    failed = False

    def commit(self, commit):
        if not self.failed:
            self.failed = True
            raise Unavailable("the disk is full")
        super().commit(commit)


def trained(store):
    """A trainer over a journal of an hour and more; its log and its meter."""
    clock, stop = ManualClock(), threading.Event()
    log, meter = MemoryEventLog(clock=clock), MemoryMeter()
    for declaration in declarations():
        store.declare(declaration, clock.now())
    for _ in Journal(7).write(log, clock):
        pass
    clock.move(HOUR_US)
    trainers = EndsWhenIdle(clock, stop)
    ProcessEngine(log, store, MemoryArchive(), trainers, meter, holder="trainer").run(stop)
    return log, meter


def test_records_observations_and_commits_are_counted_as_they_are():
    store = MemoryStore()
    log, meter = trained(store)
    rows = sum(file.rows for file in store.files(Holds.OBSERVATIONS))
    assert rows > 0
    assert meter.value("observations_learnt_total") == rows
    assert meter.value("records_read_total") == log.end(0)
    assert meter.value("lease_epoch") == 1
    assert 0 < len(meter.values("commit_seconds")) <= meter.value("steps_total")
    assert meter.value("learning_failures_total") == 0


def test_commands_are_counted_as_they_end():
    store = MemoryStore()
    first = next(iter(declarations())).name
    for bandit, body in ((first, {"add": ["new"]}), (first, {"add": ["new"]}), ("nowhere", {})):
        store.ask(bandit, "arms", body, ManualClock().now())
    _, meter = trained(store)
    assert meter.value("commands_total", kind="arms", outcome="applied") == 2
    assert meter.value("commands_total", kind="arms", outcome="refused") == 1


def test_starting_over_is_counted_and_a_step_that_failed_did_nothing():
    store = FailsOnce()
    log, meter = trained(store)
    assert store.failed
    assert meter.value("learning_failures_total", code="unavailable") == 1
    assert meter.value("records_read_total") == log.end(0)
    assert meter.value("observations_learnt_total") == sum(
        f.rows for f in store.files(Holds.OBSERVATIONS)
    )
