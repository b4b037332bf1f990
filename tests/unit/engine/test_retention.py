"""What is learnt and old goes from the log, nothing else does, and learning goes on as if it were there."""

from __future__ import annotations

import threading

import pytest

from tamesu.adapters.archive.memory import MemoryArchive
from tamesu.adapters.clock.manual import ManualClock
from tamesu.adapters.eventlog.memory import MemoryEventLog
from tamesu.adapters.meter.memory import MemoryMeter
from tamesu.adapters.store.memory import MemoryStore
from tamesu.base import TICK, Corrupt, Unavailable
from tamesu.base.times import DAY_US, SECOND_US
from tamesu.engine import ProcessEngine, refuse_shortened
from tamesu.join import Checkpoint, Mark
from tamesu.testing import EngineContract
from tamesu.testing.journal import Journal, declarations


class Stopping:
    """A clock that ends the engine whenever it would wait."""

    def __init__(self, clock, stop):
        self.now, self._clock, self._stop = clock.now, clock, stop

    def sleep(self, duration_us):
        self._clock.sleep(duration_us)
        self._stop.set()


def learn(log, store, archive, clock, **options):
    stop, meter = threading.Event(), MemoryMeter()
    engine = ProcessEngine(
        log, store, archive, Stopping(clock, stop), meter, holder="t", succeeds=True, **options
    )
    engine.run(stop)
    return meter


@pytest.fixture
def clock():
    return ManualClock()


@pytest.fixture
def world(clock):
    """A log, a store that has learnt all of it, and an archive."""
    log, store, archive = MemoryEventLog(clock=clock), MemoryStore(), MemoryArchive()
    for declaration in declarations():
        store.declare(declaration, clock.now())
    for _ in Journal(5, steps=40).write(log, clock):
        pass
    learn(log, store, archive, clock)
    return log, store, archive


def marks(store):
    return Checkpoint.from_bytes(store.progress().checkpoint).marks


def test_what_no_open_decision_needs_goes_once_it_is_old(world, clock):
    log, store, archive = world
    end = log.end(0)
    learn(log, store, archive, clock)
    assert log.start(0) == 0, "without a retention the log keeps everything"
    learn(log, store, archive, clock, retention_ms=DAY_US // 1_000)
    assert log.start(0) == 0
    clock.move(2 * DAY_US)
    log.append([TICK])
    learn(log, store, archive, clock, retention_ms=DAY_US // 1_000)
    meter = learn(log, store, archive, clock, retention_ms=DAY_US // 1_000)
    assert log.start(0) == end
    assert marks(store)[0].low >= end
    assert meter.value("log_retired_total") == 0, "once is enough"


def test_a_clock_that_leaps_makes_nothing_old(world, clock):
    log, store, archive = world
    clock.move(1000 * DAY_US)
    learn(log, store, archive, clock, retention_ms=DAY_US // 1_000)
    assert log.start(0) == 0


def test_a_log_that_cannot_drop_anything_is_learnt_from(world, clock):
    log, store, archive = world

    class Stuck(MemoryEventLog):
        def retire(self, partition, before, older_than_ms):
            raise Unavailable("stuck")

    stuck = Stuck(clock=clock)
    stuck._entries = log._entries
    before = store.progress().checkpoint
    stuck.append([TICK])
    learn(stuck, store, archive, clock, retention_ms=0)
    assert store.progress().checkpoint != before


class ShortenedEngine(EngineContract):
    """Each drive finds the log without what its predecessor was done with."""

    def __init__(self):
        self.dropped = 0

    def drive(self, log, store, archive, clock, journal=()):
        learn(View(log, self), store, archive, clock, retention_ms=0)


class View:
    """A log that keeps everything for the oracle, and gives nothing of what was retired."""

    def __init__(self, log, told):
        self._log, self._told, self.partitions = log, told, log.partitions
        self._starts = vars(log).setdefault("retired", [0] * log.partitions)

    def read(self, partition, offset, most):
        return self._log.read(partition, max(offset, self._starts[partition]), most)

    def end(self, partition):
        return self._log.end(partition)

    def start(self, partition):
        return self._starts[partition]

    def retire(self, partition, before, _older_than_ms):
        gone = max(before - self._starts[partition], 0)
        self._starts[partition] += gone
        self._told.dropped += gone
        return gone

    def upkeep(self):
        pass


@pytest.mark.parametrize("partitions", [1, 3])
def test_learning_equals_the_oracle_on_a_log_that_loses_its_beginning(partitions):
    suite = ShortenedEngine()
    suite.test_it_equals_the_oracle_however_often_it_is_stopped(partitions)
    assert suite.dropped > 0


def log_of(entries, retired, clock):
    log = MemoryEventLog(clock=clock)
    log.append([TICK] * entries)
    clock.move(SECOND_US)
    log.retire(0, retired, clock.now() // 1_000)
    return log


@pytest.mark.parametrize(
    ("entries", "retired", "mark"),
    [
        (0, 0, Mark()),
        (10, 0, Mark(low=4, read=10)),
        (10, 4, Mark(low=4, read=10)),
        (10, 10, Mark(low=10, read=10)),
        (10, 4, Mark()),  # a new store on an old log
    ],
)
def test_a_log_that_has_what_is_needed_is_good(clock, entries, retired, mark):
    refuse_shortened(log_of(entries, retired, clock), [mark])


@pytest.mark.parametrize(
    ("entries", "retired", "mark", "words"),
    [
        (10, 0, Mark(low=4, read=11), "the log ends at 10"),
        (0, 0, Mark(low=1, read=1), "the log ends at 0"),
        (10, 5, Mark(low=4, read=10), "the log starts at 5"),
        (10, 9, Mark(low=8, read=8), "the log starts at 9"),
    ],
)
def test_a_log_that_lacks_what_is_needed_is_refused(clock, entries, retired, mark, words):
    with pytest.raises(Corrupt, match=words) as refusal:
        refuse_shortened(log_of(entries, retired, clock), [mark])
    assert "hint: bring the log's folder back" in str(refusal.value)
