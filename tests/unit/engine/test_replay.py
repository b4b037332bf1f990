"""A replay comes to what is served, whatever was commanded and corrected on the way."""

from __future__ import annotations

import random

import pytest
from random_lives import ANEW, HOME, WISHES, World, play

from tamesu.adapters.eventlog.memory import MemoryEventLog
from tamesu.base import TICK, Corrupt, Draft, Kind, NotFound, Status, Time
from tamesu.base.times import SECOND_US


@pytest.fixture
def world():
    return World()


def test_an_empty_installation_is_rebuilt_as_nothing(world):
    replay, differences = world.replay()
    assert (replay.standings, differences, replay.records) == ({}, [], 0)


def test_what_was_learnt_is_learnt_again(world):
    world.learnt(times=3)
    replay, differences = world.replay()
    assert not differences
    assert replay.standings["home"].learnt.snapshot.observations == 3
    assert replay.records == world.log.end(0)


def test_a_late_click_is_in_what_is_rebuilt(world):
    identity = world.decide("shop", "a")
    at = world.clock.now()
    world.move(20 * SECOND_US)
    world.track(identity, "click", time=Time(at + SECOND_US))
    world.upkeep()
    counts = world.store.progress().counts["shop"]
    assert (counts["events_late"], counts["events_corrected"]) == (0, 1)
    assert len(world.store.corrections(waiting=False)) == 1
    _, differences = world.replay()
    assert not differences


def test_a_rollback_is_done_again_from_the_same_state(world):
    world.learnt("a", 2)
    world.learnt("b", 1)
    target = world.store.versions()["home"]
    state = world.store.snapshot("home").state
    world.learnt("c", 4)
    number = world.ask("home", "rollback", {"version": target})
    world.learnt("a", 3)
    assert world.effect(number).refusal is None
    assert world.store.snapshot("home").state == state
    replay, differences = world.replay()
    assert not differences
    assert replay.standings["home"].status is Status.ROLLED_BACK
    world.ask("home", "resume")
    world.learnt("b", 1)
    _, differences = world.replay()
    assert not differences


def test_the_target_of_a_rollback_may_be_gone_since(world):
    world.learnt()
    target = world.store.versions()["home"]
    world.learnt()
    world.ask("home", "rollback", {"version": target})
    world.learnt()
    lease = world.store.takeover("test", world.clock.now(), 1)
    assert world.store.thin(lease, "home", [target]) == 1
    assert world.replay()[1] == []


def test_a_state_warmed_up_is_warmed_up_again(world):
    world.learnt("a", 5)
    body = {"declaration": ANEW.plain(), "number": 1, "warm": True}
    number = world.ask("home", "declare", body)
    world.engine.catch_up()
    assert world.effect(number).told["state"] == "warm"
    world.learnt("b", 2)
    replay, differences = world.replay()
    assert not differences
    assert replay.standings["home"].learnt.snapshot.observations == 7


def test_a_bandit_made_again_learns_nothing_of_the_one_before(world):
    world.learnt("a", 2)
    world.ask("home", "delete")
    world.learnt("a", 2)
    world.store.declare(HOME, world.clock.now(), 2)
    assert world.replay()[1] == []
    world.learnt("b", 3)
    replay, differences = world.replay()
    assert not differences
    assert replay.standings["home"].learnt.snapshot.observations == 3


def test_one_bandit_is_rebuilt_alone(world):
    world.learnt()
    world.clicked("a", "shop")
    world.move(20 * SECOND_US)
    world.engine.catch_up()
    replay, differences = world.replay("shop")
    assert not differences
    assert list(replay.standings) == ["shop"]
    with pytest.raises(NotFound, match="no bandit named 'shopp'"):
        world.replay("shopp")


def test_what_differs_is_named(world):
    world.learnt("a", 2)
    identity = world.clicked("b")
    world.move(20 * SECOND_US)
    world.engine.catch_up()
    forged = MemoryEventLog(clock=world.clock)
    for entry in world.log.read(0, 0, 10_000):
        gone = entry.key == identity and entry.kind == Kind.EVENT.value
        forged.append([TICK if gone else Draft(entry.key, entry.kind, entry.body)])
    _, differences = world.replay(source=_As(forged, world.log))
    told = {(one.bandit, one.what) for one in differences}
    assert ("home", "observations") in told
    assert ("home", "arm b") in told
    assert ("home", "events joined") in told


class _As:
    """A log with the offsets and times of another."""

    def __init__(self, log, other):
        self._log, self._other = log, other
        self.partitions = log.partitions

    def read(self, partition, offset, most):
        pairs = zip(
            self._log.read(partition, offset, most),
            self._other.read(partition, offset, most),
            strict=True,
        )
        return [mine._replace(received=theirs.received) for mine, theirs in pairs]

    def start(self, partition):
        return self._log.start(partition)

    def end(self, partition):
        return self._log.end(partition)


def test_records_that_are_gone_are_an_error(world):
    world.learnt(times=3)
    world.log.retire(0, 3, world.clock.now())
    with pytest.raises(Corrupt, match="from its beginning"):
        world.replay(source=world.log)


def test_a_log_whose_beginning_was_retired_goes_on_from_the_archive(world):
    world.learnt(times=30)
    world.upkeep()
    world.learnt("b", 3)
    assert world.log.retire(0, 60, world.clock.now())
    assert world.log.start(0)
    assert world.replay()[1] == []


SEEDS = [*range(25), *(pytest.param(seed, marks=pytest.mark.soak) for seed in range(25, 1000))]


@pytest.mark.parametrize("seed", SEEDS)
def test_whatever_happened_the_replay_comes_to_it(seed):
    """Decisions, events in time and too late, commands of every kind, in one and in three partitions."""
    world, rng = World(1 if seed % 2 else 3), random.Random(seed)
    for _ in range(3):
        play(world, rng, 60)
        if rng.random() < 0.7:
            world.upkeep()
        world.engine.catch_up()
        assert world.replay()[1] == []
    for bandit in ("home", "shop"):
        assert world.replay(bandit)[1] == []


def test_declared_anew_and_deleted_in_one_commit_that_learns_it_is_deleted(world):
    """The store knows the older declaration still: what waits is not learnt under it once more."""
    world.decide("shop", "a")
    world.move(20 * SECOND_US)
    body = {"declaration": WISHES[0].plain(), "number": 1, "warm": False}
    asked = [world.ask("shop", "declare", body), world.ask("shop", "delete")]
    world.engine.catch_up()
    assert [world.effect(number).refusal for number in asked] == [None, None]
    snapshot = world.store.snapshot("shop")
    assert (snapshot.status, snapshot.declaration, snapshot.observations) == (Status.DELETED, 2, 0)
    world.upkeep()
    assert world.replay()[1] == []
