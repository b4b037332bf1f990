"""What came too late is found in the archive, once, whatever the job is killed at."""

from __future__ import annotations

import random

import pytest
from random_lives import SINGLE, World, declared, play

from tamesu.adapters.archive.memory import MemoryArchive
from tamesu.adapters.archive.parquet import ParquetArchive
from tamesu.adapters.store.memory import MemoryStore
from tamesu.adapters.store.sql import SqlStore
from tamesu.base import Kind, Time, parse_decision_id
from tamesu.base.times import DAY_US, MINUTE_US, SECOND_US
from tamesu.engine import closed_slices, suspects
from tamesu.engine.archivist import Archivist
from tamesu.engine.closed_slices import ClosedSlices
from tamesu.engine.duty import Turn
from tamesu.join.story import tell
from tamesu.testing import Crash, CrashAfter


@pytest.fixture
def world():
    return World()


def late_click(world, bandit="shop", arm="a"):
    """A decision, clicked in time by its own clock, long after by the log's."""
    identity = world.decide(bandit, arm)
    at = world.clock.now()
    world.move(30 * SECOND_US)
    world.track(identity, "click", time=Time(at + SECOND_US))
    return identity


def expected(world):
    """Every late correction that the whole log comes to, judged decision by decision."""
    records, newest = {}, []
    for partition in range(world.log.partitions):
        entries = world.log.read(partition, 0, 1_000_000)
        newest.append(entries[-1].received * 1000)
        for entry in entries:
            records.setdefault(entry.key, []).append(entry)
    found = {}
    for key, entries in records.items():
        if entries[0].kind == Kind.TICK.value:
            continue
        said = parse_decision_id(key)
        reward = world.store.declared(said.bandit, said.declaration).declaration.reward
        for row in tell(key, reward, entries, Time(min(newest)), late=True).rows:
            if row.moved is not None:
                found[key, row.observation.position, row.observation.correction] = row.observation
    return found


def kept(world):
    every = [*world.store.corrections(waiting=True), *world.store.corrections(waiting=False)]
    return {one.key: one.observation for one in every}


def test_nothing_is_late_in_an_empty_archive(world):
    job = ClosedSlices(world.store, world.archive)
    world.clock.move(MINUTE_US)
    lease = world.store.takeover("test", world.clock.now(), 1)
    done = job.slice(Turn(lease, world.clock.now(), None, (0,), (0,)))
    assert (done.more, done.counts, world.store.judged()) == (False, {}, {})


def test_a_late_click_corrects_and_is_counted(world):
    identity = late_click(world)
    world.upkeep()
    assert list(kept(world)) == [(identity, 0, 1)]
    counts = world.store.progress().counts["shop"]
    assert (counts.get("events_late"), counts["events_corrected"]) == (0, 1)
    assert world.store.snapshot("shop").observations == 1


def test_a_late_impression_makes_what_was_unshown_observed(world):
    identity = world.decide("home", "a", "b")
    at = world.clock.now()
    world.move(30 * SECOND_US)
    world.track(identity, "impression", time=Time(at + SECOND_US))
    world.upkeep()
    counts = world.store.progress().counts["home"]
    assert (counts["deliveries_observed"], counts["deliveries_unshown"]) == (1, 1)
    (row,) = kept(world).values()
    assert (row.previous_reward, row.shown) == (None, at + SECOND_US)


def test_what_lies_beyond_the_late_horizon_stays_late(world):
    identity = world.decide("shop", "a")
    at = world.clock.now()
    world.move(31 * DAY_US)
    world.track(identity, "click", time=Time(at + SECOND_US))
    world.upkeep()
    assert not kept(world)


def test_a_slice_waits_until_nothing_in_it_can_be_in_time(world):
    """So that a late correction never comes before one in time, whose number it would take."""
    late_click(world)
    world.move(SECOND_US)
    world.engine.catch_up()
    world.clock.move(2 * MINUTE_US)  # no tick: the log's time stands still
    world.engine.tend()
    assert world.store.archived() == (world.log.end(0),)
    assert not kept(world)
    world.upkeep()
    assert len(kept(world)) == 1


def test_looking_again_finds_nothing_new(world):
    late_click(world)
    world.upkeep()
    before = world.store.corrections(waiting=False)
    lease = world.store.takeover("another", world.clock.now(), 1)
    world.store.correct(lease, [], {"shop": Time(0), "home": Time(0)})
    job = ClosedSlices(world.store, world.archive)
    turn = Turn(lease, world.clock.now(), world.clock.now(), (0,), (0,))
    while job.slice(turn).more:
        pass
    assert world.store.corrections(waiting=False) == before
    assert not world.store.corrections(waiting=True)


@pytest.mark.parametrize("seed", range(20))
def test_all_that_is_late_is_found_and_nothing_else(seed):
    """Against every decision judged from its own records, with slices looked at as they come."""
    world, rng = World(1 if seed % 2 else 3), random.Random(seed)
    for _ in range(3):
        play(world, rng, 50)
        world.upkeep()
    world.upkeep()
    found = kept(world)
    assert found.keys() == expected(world).keys()
    assert all(
        (row.reward, row.terms, row.shown)
        == (found[key].reward, found[key].terms, found[key].shown)
        for key, row in expected(world).items()
    )


@pytest.mark.parametrize("when", ["before", "after"])
def test_killed_at_any_port_call_it_finds_the_same(tmp_path, when):
    """On files and a database as they are used; the store keeps each correction once."""
    store, archive = SqlStore(tmp_path / "store.sqlite3"), ParquetArchive(tmp_path / "archive")
    world = World(store=store, archive=archive)
    play(world, random.Random(11), 100)
    for _ in range(4):
        late_click(world)
    world.move(3 * MINUTE_US)
    world.engine.catch_up()
    lease = store.takeover("job", world.clock.now(), 1)
    reads = (world.log.end(0),)
    turn = Turn(lease, world.clock.now(), world.clock.now(), reads, reads)
    archivist = Archivist(world.log, store, archive)
    while store.archived() != reads:
        archivist.slice(turn)
    crashes, done = 0, False
    while not done:
        faults = CrashAfter(crashes + 1, when)
        job = ClosedSlices(faults.wrap(store), faults.wrap(archive))
        try:
            done = not job.slice(turn).more
            while not done:
                done = not job.slice(turn).more
        except Crash:
            crashes += 1
    assert crashes > 10
    assert kept(world).keys() == expected(world).keys()
    assert len(expected(world)) >= 4
    store.close()


class Watched(MemoryStore):
    """A store that tells how many corrections it was given at once."""

    def __init__(self):
        super().__init__()
        self.given = []

    def correct(self, lease, found, judged=None):
        self.given.append(len(found))
        return super().correct(lease, found, judged)


def test_a_flood_of_late_clicks_is_kept_piece_by_piece(monkeypatch):
    """One transaction for all of them would keep everybody else from the store meanwhile."""
    monkeypatch.setattr(closed_slices, "STORIES", 10)
    world = World(store=Watched())
    identities = [world.decide("shop", "a") for _ in range(64)]
    at = world.clock.now()
    world.move(30 * SECOND_US)
    for identity in identities:
        world.track(identity, "click", time=Time(at + SECOND_US))
    world.upkeep()
    assert {key for key, _, _ in kept(world)} == set(identities)
    assert max(world.store.given) <= 10


class Counted(MemoryArchive):
    """An archive that tells which of its files were looked into."""

    def __init__(self):
        super().__init__()
        self.looked = []

    def heard(self, file, since, until):
        self.looked.append(file)
        return super().heard(file, since, until)


def test_what_was_archived_before_a_bandit_was_made_is_not_read_for_it():
    world = World(archive=Counted())
    for _ in range(12):
        late_click(world)
        world.upkeep()
    world.move(10 * MINUTE_US)
    world.upkeep()
    made = world.clock.now()
    world.store.declare(declared("new", SINGLE, {"window": "2s", "lateness": "1s"}), made)
    world.archive.looked.clear()
    identity = late_click(world, "new")
    world.upkeep()
    assert (identity, 0, 1) in kept(world)
    assert world.archive.looked
    assert all(file.newest >= made - 2 * MINUTE_US for file in world.archive.looked)


def test_a_slice_looks_at_a_few_decisions_whatever_is_in_a_file(monkeypatch):
    world, read = World(), []
    monkeypatch.setattr(suspects, "KEYS", 10)
    monkeypatch.setattr(
        suspects, "parse_decision_id", lambda key: read.append(key) or parse_decision_id(key)
    )
    for identity in [world.decide("shop", "a") for _ in range(64)]:
        world.track(identity, "click")
    world.upkeep()
    world.move(MINUTE_US)
    world.engine.catch_up()
    lease = world.store.takeover("another", world.clock.now(), 1)
    world.store.correct(lease, [], {"shop": Time(0), "home": Time(0)})
    job, most, more = ClosedSlices(world.store, world.archive), 0, True
    turn = Turn(lease, world.clock.now(), world.clock.now(), (0,), (0,))
    read.clear()
    while more:
        before = len(read)
        more = job.slice(turn).more
        most = max(most, len(read) - before)
    assert (most, len(set(read))) == (10, 64)
