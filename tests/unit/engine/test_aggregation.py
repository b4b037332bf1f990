"""The archive summed up: each hour once, again with nothing new, and against what is served."""

from __future__ import annotations

import contextlib
from dataclasses import replace

import pytest

from tamesu.adapters.archive.aggregates import MemoryAggregates, ParquetAggregates
from tamesu.base import Corrupt, NotFound, Time, Unavailable
from tamesu.base.times import DAY_US, HOUR_US
from tamesu.engine import InlineEngine, summed
from tamesu.engine.aggregation import Aggregation, outdated
from tamesu.engine.duty import Turn
from tamesu.engine.roller import Roller
from tamesu.ports import Holds
from tamesu.testing import Crash, CrashAfter, When
from tamesu.testing.installation import Installation
from tamesu.testing.journal import Journal

BANDITS = ("slates", "singles", "visits", "falls", "wishes")
LASTS_US = 5_000_000


@pytest.fixture
def one():
    """An installation that has learnt a journal to its end, in many commits."""
    one = Installation.new()
    for _ in Journal(5, steps=100).write(one.log, one.clock):
        engine(one).catch_up()
    one.clock.move(2 * HOUR_US)
    engine(one).catch_up()
    return one


def engine(one):
    return InlineEngine(one.log, one.store, one.archive, one.clock)


def tend(one, duty):
    now = one.clock.now()
    lease = one.store.takeover("inline", now, LASTS_US)
    turn = Turn(lease=lease, now=now, watermark=now, read=(), low=())
    done = 0
    while (told := duty.slice(turn)).more:
        done += sum(told.counts.values())
    return done


def held_against(one, aggregates=None):
    aggregates = MemoryAggregates() if aggregates is None else aggregates
    return {name: summed(one.store, one.archive, aggregates, name) for name in BANDITS}


def test_the_state_that_sums_make_is_the_one_that_is_served(one):
    """For slates and single ones, for sessions that settle early and were corrected.

    Of objectives that are learnt apart the sums of rewards are no state, and it is said.
    """
    told = held_against(one)
    assert {name: (was.is_equal, was.why) for name, was in told.items()} == {
        **dict.fromkeys(BANDITS, (True, "")),
        "wishes": (None, "its state is more than counts by arm"),
    }
    rows = [
        row for part in one.archive.read(one.store.files(Holds.OBSERVATIONS)) for row in part.rows()
    ]
    sums = [part for was in told.values() for parts in was.sums.values() for part in parts]
    assert sum(part.deliveries for part in sums) == sum(row.correction == 0 for row in rows)
    assert sum(part.corrections for part in sums) == sum(row.correction > 0 for row in rows) > 0
    assert sum(part.observed for part in sums) == sum(
        one.store.snapshot(name).observations for name in BANDITS
    )


def test_every_hour_that_is_over_is_summed_up_once(one):
    aggregates = MemoryAggregates()
    duty = Aggregation(one.store, one.archive, aggregates)
    tend(one, Roller(one.store, one.archive))
    assert tend(one, duty) == len(aggregates.rows()) >= len(BANDITS)
    assert sum(aggregates.rows().values()) == sum(
        file.rows for file in one.store.files(Holds.OBSERVATIONS)
    )
    assert tend(one, duty) == 0
    assert outdated(one.store, aggregates) == {}


def test_an_hour_that_is_not_over_waits(one):
    aggregates = MemoryAggregates()
    file = one.store.files(Holds.OBSERVATIONS)[-1]
    duty = Aggregation(one.store, one.archive, aggregates)
    over = Time((file.newest // HOUR_US + 1) * HOUR_US)
    lease = one.store.takeover("inline", one.clock.now(), LASTS_US)
    turn = Turn(lease=lease, now=one.clock.now(), watermark=over, read=(), low=())
    while duty.slice(turn).more:
        pass
    assert file.newest // HOUR_US not in {group.hour for group in aggregates.rows()}


def test_again_with_nothing_new_the_bytes_are_the_same(one, tmp_path):
    """Before and after files were merged, and by whom: the same sums, in the same files."""

    def contents(place):
        return {
            path.relative_to(tmp_path / place): path.read_bytes()
            for path in (tmp_path / place).rglob("*.parquet")
        }

    before = held_against(one, ParquetAggregates(tmp_path / "one"))
    kept = contents("one")
    assert held_against(one, ParquetAggregates(tmp_path / "one")) == before
    assert contents("one") == kept
    one.clock.move(DAY_US)
    tend(one, Roller(one.store, one.archive))
    assert tend(one, Aggregation(one.store, one.archive, ParquetAggregates(tmp_path / "two"))) > 0
    assert contents("two") == kept
    assert held_against(one, ParquetAggregates(tmp_path / "two")) == before


def test_what_comes_later_is_added(one):
    aggregates = MemoryAggregates()
    before = held_against(one, aggregates)
    for _ in Journal(6, steps=20).write(one.log, one.clock):
        engine(one).catch_up()
    one.clock.move(2 * HOUR_US)
    engine(one).catch_up()
    after = held_against(one, aggregates)
    assert {was.is_equal for was in after.values()} == {True, None}
    assert after != before


@pytest.mark.parametrize("when", list(When))
def test_killed_anywhere_it_sums_up_each_row_once(one, when):
    wanted = held_against(one)
    one.clock.move(DAY_US)
    tend(one, Roller(one.store, one.archive))
    n = 0
    while True:
        n += 1
        aggregates, faults = MemoryAggregates(), CrashAfter(n, when)
        with contextlib.suppress(Crash):
            tend(one, Aggregation(*map(faults.wrap, (one.store, one.archive, aggregates))))
        assert held_against(one, aggregates) == wanted
        if not faults.crashed:
            break
    assert n > 8


def test_a_row_that_is_not_as_it_was_learnt_is_found(one):
    """In each bandit by itself."""
    (file, *_) = [file for file in one.store.files(Holds.OBSERVATIONS) if file.bandit == "singles"]
    (rows,) = one.archive.read([file])
    one.archive.write(
        file.name.rpartition("/")[2].removesuffix(".parquet"),
        replace(rows, reward=0 * rows.reward + (rows.reward == 0) * (1 << 20)),
    )
    told = held_against(one)
    assert {name: was.is_equal for name, was in told.items()} == {
        "slates": True,
        "singles": False,
        "visits": True,
        "falls": True,
        "wishes": None,
    }


@pytest.mark.parametrize(
    ("commands", "why"),
    [
        ([("freeze", {})], "frozen"),
        ([("freeze", {}), ("resume", {})], ""),
        ([("rollback", {"version": 2})], "rolled back"),
        ([("rollback", {"version": 2}), ("resume", {})], "rolled back at snapshot"),
        ([("delete", {})], "deleted"),
    ],
)
def test_where_the_two_are_not_to_be_the_same_it_says_why(one, commands, why):
    for kind, body in commands:
        number = one.store.ask("singles", kind, body, one.clock.now()).number
        engine(one).catch_up()
        assert one.store.command(number).effect.refusal is None
    told = held_against(one)["singles"]
    assert (told.is_equal, why in told.why) == (None if why else True, True)


def test_a_bandit_declared_anew_with_another_belief_begins_anew(one):
    declared = one.store.declarations()["singles"]
    body = {
        "declaration": declared.declaration.plain()
        | {"policy": {"belief": {"kind": "beta", "prior": [1, 9]}}},
        "number": 1,
        "warm": False,
    }
    one.store.ask("singles", "declare", body, one.clock.now())
    for _ in Journal(6, steps=20).write(one.log, one.clock):
        engine(one).catch_up()
    assert held_against(one)["singles"].is_equal
    body = body | {"declaration": declared.declaration.plain(), "number": 2, "warm": True}
    one.store.ask("singles", "declare", body, one.clock.now())
    engine(one).catch_up()
    told = held_against(one)["singles"]
    assert (told.is_equal, told.why[:13]) == (None, "it began warm")


def test_a_damaged_file_keeps_no_other_group_from_its_sums(one):
    """It is told once, and passed over until somebody mends it."""
    one.clock.move(DAY_US)
    tend(one, Roller(one.store, one.archive))
    files = one.store.files(Holds.OBSERVATIONS)
    one.archive.remove([files[0].name])
    aggregates = MemoryAggregates()
    duty = Aggregation(one.store, one.archive, aggregates)
    with pytest.raises(Corrupt):
        tend(one, duty)
    tend(one, duty)
    assert len(aggregates.rows()) == len(files) - 1
    assert tend(one, duty) == 0


def test_a_bandit_that_learnt_nothing_is_not_compared():
    one = Installation.new()
    told = held_against(one)["singles"]
    assert (told.sums, told.is_equal, told.why) == ({}, None, "nothing was learnt yet")
    with pytest.raises(NotFound, match="singles"):
        summed(one.store, one.archive, MemoryAggregates(), "single")


def test_a_trainer_that_commits_at_every_look_is_waited_for_in_vain(one):
    class Busy:
        def __init__(self, store):
            self._store, self._looks = store, 0

        def snapshot(self, bandit):
            self._looks += 1
            return self._store.snapshot(bandit, 1 + self._looks % 2)

        def __getattr__(self, name):
            return getattr(self._store, name)

    with pytest.raises(Unavailable, match="when it is calm"):
        summed(Busy(one.store), one.archive, MemoryAggregates(), "singles")
