"""Looking back: what came early and what later is what the records say, and only time decides who is told."""

from __future__ import annotations

import threading
from collections import Counter

import numpy as np
import pytest
from long_run import DECLARED, LongRun

from tamesu.adapters.archive.memory import MemoryArchive
from tamesu.adapters.clock.manual import ManualClock
from tamesu.adapters.eventlog.memory import MemoryEventLog
from tamesu.adapters.meter.memory import MemoryMeter
from tamesu.adapters.store.memory import MemoryStore
from tamesu.base import (
    GRID,
    TICK,
    Aggregate,
    Declaration,
    Duration,
    Kind,
    Outcome,
    parse_decision_id,
)
from tamesu.base.times import DAY_US, SECOND_US
from tamesu.engine import Hindsight, LaterEvents, ProcessEngine, WholeLog
from tamesu.join import tell
from tamesu.testing.installation import Installation
from tamesu.testing.journal import Journal, entries_of

TEN_DAYS = Duration(10 * DAY_US)


def looked(
    source, reward, *, bandit="shop", declared=None, within=TEN_DAYS, later="purchase", how="sum"
):
    hindsight = Hindsight(
        source,
        bandit,
        reward,
        declared or {1: True},
        within,
        None if later is None else LaterEvents(type=later, aggregate=Aggregate(how)),
    )
    records = list(hindsight.run())
    assert records == sorted(records)
    assert hindsight.records == hindsight.total
    return hindsight


@pytest.fixture(scope="module")
def lived():
    life, clock = LongRun(days=14, a_day=60), ManualClock()
    log = MemoryEventLog(1, clock=clock)
    life.write(log, clock)
    return life, log


def test_what_came_in_ten_days_is_what_was_bought(lived):
    life, log = lived
    seen = looked(log, life.declaration.reward).seen()
    bought = Counter()
    for key, _, moment, value in life.bought:
        assert moment - parse_decision_id(key).decided < TEN_DAYS
        bought[key] += value
    keys = seen.decision_id.tolist()
    assert seen.later.tolist() == [bought[key] for key in keys]
    assert sum(seen.later) > 50
    assert seen.started.tolist() == seen.decided.tolist()


def test_a_shorter_while_tells_less(lived):
    life, log = lived
    day = Duration(DAY_US)
    seen = looked(log, life.declaration.reward, within=day).seen()
    soon = Counter()
    for key, _, moment, value in life.bought:
        soon[key] += value * (moment - parse_decision_id(key).decided < day)
    assert seen.later.tolist() == [soon[key] for key in seen.decision_id.tolist()]
    whether = looked(log, life.declaration.reward, within=day, how="any").seen()
    assert whether.later.tolist() == [float(soon[key] > 0) for key in seen.decision_id.tolist()]


def test_who_is_told_is_a_matter_of_the_moment_of_its_decision(lived):
    """Cut the log anywhere: told are all decided before a moment, each as it is told at the end."""
    life, log = lived
    whole = looked(log, life.declaration.reward).seen()
    worth = dict(zip(whole.decision_id.tolist(), whole.later.tolist(), strict=True))
    for part in (0.55, 0.7, 0.9):
        cut = _cut(log, int(part * log.end(0)))
        hindsight = looked(cut, life.declaration.reward)
        seen, until = hindsight.seen(), hindsight.known_until
        keys = [] if seen is None else seen.decision_id.tolist()
        made = [key for key, *_, decided in life.decisions if decided < until]
        assert sorted(keys) == sorted(made)
        assert [worth[key] for key in keys] == ([] if seen is None else seen.later.tolist())
        read = cut.read(0, 0, cut.end(0))
        decided = {entry.key for entry in read if entry.kind == Kind.DECISION}
        assert hindsight.left_out["open"] == len(decided) - len(made)


def _cut(log, end):
    class Cut:
        partitions = 1

        def read(self, partition, offset, most):
            return log.read(partition, offset, min(most, end - offset))

        def start(self, partition):
            return log.start(partition)

        def end(self, partition):
            return end

    return Cut()


def test_declarations_that_did_not_take_all_types_are_left_out_and_counted(lived):
    life, log = lived
    hindsight = looked(log, life.declaration.reward, declared={1: False})
    assert hindsight.seen() is None
    assert hindsight.left_out["undeclared"] > 0


def test_only_the_bandit_that_is_asked_for_is_told(lived):
    life, log = lived
    assert looked(log, life.declaration.reward, bandit="shop-window").seen() is None


@pytest.mark.parametrize(
    "reward",
    [
        {"anchor": "impression", "window": "10s", "settle": "1s"},
        {"anchor": "impression", "window": "10s", "unseen": "imply", "impression_within": "4s"},
        {"anchor": "decision", "window": {"gap": "3s", "cap": "9s"}},
        {"anchor": "decision", "window": "5s", "lateness": "0s"},
    ],
)
@pytest.mark.parametrize("bandit", ["slates", "singles"])
def test_it_is_the_story_of_each_decision(reward, bandit):
    """Joined by other clauses than those it was decided under; odd records and all."""
    installation = Installation.new()
    for _ in Journal(11, steps=600).write(installation.log, installation.clock):
        pass
    events = {"click": {"weight": 0.5, "aggregate": "count"}, "buy": {"weight": 2, "within": "4s"}}
    declared = {"name": bandit, "arms": ["a"], "policy": {"belief": "gaussian"}}
    clauses = Declaration.parse({**declared, "reward": {**reward, "events": events}}).reward
    within = Duration(30 * SECOND_US)
    hindsight = looked(
        installation.log, clauses, bandit=bandit, within=within, later="buy", how="count"
    )
    seen = hindsight.seen()
    entries = entries_of(installation.log)
    early, later = hindsight.early_clauses, hindsight.later_clauses
    told = {}
    for key in sorted({entry.key for entry in entries if entry.key.startswith(f"{bandit}.1.")}):
        mine = [entry for entry in entries if entry.key == key]
        stories = [tell(key, one, mine, hindsight.watermark) for one in (early, later)]
        for first, last in zip(*(story.courses for story in stories), strict=True):
            row = first.rows[-1].observation
            if row.outcome is Outcome.OBSERVED and not row.fallback:
                terms = {name: worth / GRID for name, worth in row.terms.items()}
                came = last.rows[-1].observation.terms["buy"] / GRID
                told[key, row.position] = (terms, came)
    keys = list(zip(seen.decision_id.tolist(), seen.position.tolist(), strict=True))
    assert sorted(keys) == sorted(told)
    assert len(keys) >= 10
    for row, key in enumerate(keys):
        terms, came = told[key]
        assert {name: column[row] for name, column in seen.early.items()} == terms
        assert seen.later[row] == came
    assert seen.later.sum() > 0


def test_what_the_log_has_dropped_is_read_in_the_archive(lived):
    life, whole = lived
    clock, store, archive = ManualClock(), MemoryStore(), MemoryArchive()
    store.declare(life.declaration, clock.now())
    log = MemoryEventLog(1, clock=clock)
    LongRun(days=14, a_day=60).write(log, clock)
    for _ in range(3):
        stop = threading.Event()
        options = {"holder": "t", "succeeds": True, "retention_ms": DAY_US // 1_000}
        waits = Stopping(clock, stop)
        ProcessEngine(log, store, archive, waits, MemoryMeter(), **options).run(stop)
    assert log.start(0) > 0
    expected = looked(whole, life.declaration.reward).seen()
    found = looked(WholeLog(log, store, archive), life.declaration.reward).seen()
    assert found.decision_id.tolist() == expected.decision_id.tolist()
    assert np.array_equal(found.later, expected.later)


class Stopping:
    """A clock that ends the engine whenever it would wait."""

    def __init__(self, clock, stop):
        self.now, self._clock, self._stop = clock.now, clock, stop

    def sleep(self, duration_us):
        self._clock.sleep(duration_us)
        self._stop.set()


def test_what_comes_too_late_for_the_join_is_early_all_the_same():
    """A phone that was offline for a day tells of a click at the right time: a correction would take it in."""
    declaration = Declaration.parse(DECLARED)
    assert declaration.reward.lateness < DAY_US
    clock = ManualClock()
    log, life = MemoryEventLog(1, clock=clock), LongRun(days=1, a_day=20, seed=4)
    records = [(moment, draft) for moment, drafts in life.batches(clock.now()) for draft in drafts]
    decisions = [draft for _, draft in records if draft.kind == "decision"]
    events = [draft for _, draft in records if draft.kind == "event"]
    assert events
    log.append(decisions)
    clock.sleep(DAY_US)
    log.append(events)
    clock.sleep(20 * DAY_US)
    log.append([TICK])
    seen = looked(log, declaration.reward).seen()
    assert sum(column.sum() for column in seen.early.values()) + seen.later.sum() == len(events)
