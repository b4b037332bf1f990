"""A replay comes to what is served, whatever was commanded and corrected on the way."""

from __future__ import annotations

import random

import pytest

from tamesu.adapters.archive.memory import MemoryArchive
from tamesu.adapters.clock.manual import ManualClock, SeededIds
from tamesu.adapters.eventlog.memory import MemoryEventLog
from tamesu.adapters.store.memory import MemoryStore
from tamesu.base import (
    TICK,
    Corrupt,
    Decision,
    Declaration,
    Delivery,
    Draft,
    Event,
    Kind,
    NotFound,
    Status,
    Time,
    decision_id,
    delivery_id,
    encode,
)
from tamesu.base.times import MINUTE_US, SECOND_US
from tamesu.engine import InlineEngine, Replay, WholeLog, reconcile, view

ARMS = ["a", "b", "c", "d"]
SINGLE = {"kind": "single"}
SLATE = {"kind": "slate", "size": 2}


def declared(name, layout, reward, arms=("a", "b", "c"), **more):
    return Declaration.parse(
        {"name": name, "layout": layout, "reward": reward, "arms": list(arms), "seed": 7, **more}
    )


HOME = declared(
    "home", SLATE, {"window": "5s", "settle": "1s", "lateness": "1s", "anchor": "impression"}
)
SHOP = declared("shop", SINGLE, {"window": "2s", "lateness": "1s", "anchor": "decision"})
OTHER = declared(
    "home",
    SLATE,
    {"window": "4s", "settle": "2s", "lateness": "1s", "anchor": "impression"},
    arms=("a", "c", "d"),
)
ANEW = declared(
    "home",
    SLATE,
    {"window": "5s", "settle": "1s", "lateness": "1s", "anchor": "impression"},
    policy={"belief": {"kind": "beta", "prior": [2, 3]}},
)


class World:
    """Two bandits with all that a trainer has, by a clock that is moved by hand."""

    def __init__(self, partitions=1):
        self.clock = ManualClock()
        self.log = MemoryEventLog(partitions, clock=self.clock)
        self.store, self.archive = MemoryStore(), MemoryArchive()
        self.ids = SeededIds()
        self.decisions = []
        for each in (HOME, SHOP):
            self.store.declare(each, self.clock.now())
        self.engine = InlineEngine(self.log, self.store, self.archive, self.clock)

    def decide(self, bandit="home", *arms):
        number = self.store.declarations()[bandit].number
        identity = decision_id(bandit, number, self.ids.uuid7(self.clock.now()))
        deliveries = tuple(Delivery(place, arm, 0.5, 0.5) for place, arm in enumerate(arms))
        decision = Decision(decision_id=identity, snapshot=0, deliveries=deliveries)
        self.log.append([Draft(identity, Kind.DECISION.value, encode(decision))])
        self.decisions.append((identity, self.clock.now()))
        return identity

    def track(self, identity, kind, position=0, time=None):
        event = Event(
            event_id=self.ids.uuid7(self.clock.now()),
            delivery_id=delivery_id(identity, position),
            type=kind,
            time=time,
        )
        self.log.append([Draft(identity, Kind.EVENT.value, encode(event))])

    def move(self, us):
        self.clock.move(us)
        for _ in range(self.log.partitions * 4):  # a tick lands in any partition
            self.log.append([TICK])

    def ask(self, bandit, kind, body=None):
        return self.store.ask(bandit, kind, body or {}, self.clock.now()).number

    def effect(self, number):
        return self.store.command(number).effect

    def upkeep(self):
        """Everything is archived, and what came too late is found and learnt."""
        for _ in range(3):
            self.move(2 * MINUTE_US)
            self.engine.catch_up()
            self.engine.tend()
        self.engine.catch_up()

    def replay(self, bandit=None, source=None):
        then = view(self.store, bandit)
        source = source or WholeLog(self.log, self.store, self.archive)
        replay = Replay(source, self.store, then, bandit)
        for _ in replay.run():
            pass
        return replay, reconcile(replay, then, self.store)


@pytest.fixture
def world():
    return World()


def clicked(world, arm, bandit="home"):
    """A decision that is shown and clicked at once."""
    identity = world.decide(bandit, arm, *(["b"] if bandit == "home" else []))
    world.track(identity, "impression")
    world.track(identity, "click")
    return identity


def learnt(world, arm="a", times=1):
    for _ in range(times):
        clicked(world, arm)
    world.move(20 * SECOND_US)
    world.engine.catch_up()


def test_an_empty_installation_is_rebuilt_as_nothing(world):
    replay, differences = world.replay()
    assert (replay.standings, differences, replay.records) == ({}, [], 0)


def test_what_was_learnt_is_learnt_again(world):
    learnt(world, times=3)
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
    learnt(world, "a", 2)
    learnt(world, "b", 1)
    target = world.store.versions()["home"]
    state = world.store.snapshot("home").state
    learnt(world, "c", 4)
    number = world.ask("home", "rollback", {"version": target})
    learnt(world, "a", 3)
    assert world.effect(number).refusal is None
    assert world.store.snapshot("home").state == state
    replay, differences = world.replay()
    assert not differences
    assert replay.standings["home"].status is Status.ROLLED_BACK
    world.ask("home", "resume")
    learnt(world, "b", 1)
    _, differences = world.replay()
    assert not differences


def test_the_target_of_a_rollback_may_be_gone_since(world):
    learnt(world)
    target = world.store.versions()["home"]
    learnt(world)
    world.ask("home", "rollback", {"version": target})
    learnt(world)
    lease = world.store.takeover("test", world.clock.now(), 1)
    assert world.store.thin(lease, "home", [target]) == 1
    assert world.replay()[1] == []


def test_a_state_warmed_up_is_warmed_up_again(world):
    learnt(world, "a", 5)
    body = {"declaration": ANEW.plain(), "number": 1, "warm": True}
    number = world.ask("home", "declare", body)
    world.engine.catch_up()
    assert world.effect(number).told["state"] == "warm"
    learnt(world, "b", 2)
    replay, differences = world.replay()
    assert not differences
    assert replay.standings["home"].learnt.snapshot.observations == 7


def test_a_bandit_made_again_learns_nothing_of_the_one_before(world):
    learnt(world, "a", 2)
    world.ask("home", "delete")
    learnt(world, "a", 2)
    world.store.declare(HOME, world.clock.now(), 2)
    assert world.replay()[1] == []
    learnt(world, "b", 3)
    replay, differences = world.replay()
    assert not differences
    assert replay.standings["home"].learnt.snapshot.observations == 3


def test_one_bandit_is_rebuilt_alone(world):
    learnt(world)
    clicked(world, "a", "shop")
    world.move(20 * SECOND_US)
    world.engine.catch_up()
    replay, differences = world.replay("shop")
    assert not differences
    assert list(replay.standings) == ["shop"]
    with pytest.raises(NotFound, match="no bandit named 'shopp'"):
        world.replay("shopp")


def test_what_differs_is_named(world):
    learnt(world, "a", 2)
    identity = clicked(world, "b")
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
    learnt(world, times=3)
    world.log.retire(0, 3, world.clock.now())
    with pytest.raises(Corrupt, match="from its beginning"):
        world.replay(source=world.log)


def test_a_log_whose_beginning_was_retired_goes_on_from_the_archive(world):
    learnt(world, times=30)
    world.upkeep()
    learnt(world, "b", 3)
    assert world.log.retire(0, 60, world.clock.now())
    assert world.log.start(0)
    assert world.replay()[1] == []


def play(world, rng, steps):
    """A random life of two bandits."""
    for _ in range(steps):
        name = rng.choice(("home", "shop"))
        what = rng.random()
        if what < 0.3:
            size = 2 if name == "home" else 1
            world.decide(name, *rng.sample(ARMS, size))
        elif what < 0.65 and world.decisions:
            identity, at = rng.choice(world.decisions[-20:])
            time = Time(at + rng.randrange(-6, 9) * SECOND_US) if rng.random() < 0.7 else None
            world.track(identity, rng.choice(("impression", "click", "click")), 0, time)
        elif what < 0.8:
            world.move(rng.choice((1, 300_000, SECOND_US, 4 * SECOND_US, 40 * SECOND_US)))
        elif what < 0.9:
            rng.choice((world.engine.step, world.engine.catch_up, world.engine.tend))()
        else:
            command(world, rng, name)


def command(world, rng, name):
    kind = rng.choice(("arms", "freeze", "rollback", "resume", "resume", "declare", "delete"))
    body = {}
    declared = world.store.declarations()[name]
    if kind == "arms":
        body = {rng.choice(("add", "retire")): [rng.choice(ARMS)]}
    elif kind == "rollback":
        body = {"version": rng.randrange(world.store.versions().get(name, 0) + 2)}
    elif kind == "declare" and name == "home":
        wanted = rng.choice((HOME, OTHER, ANEW))
        body = {
            "declaration": wanted.plain(),
            "number": declared.number,
            "warm": rng.random() < 0.5,
        }
    elif kind == "declare":
        return
    if kind == "delete" and rng.random() < 0.8:
        return
    world.ask(name, kind, body)
    if rng.random() < 0.5:
        world.engine.catch_up()
    snapshot = world.store.snapshot(name)
    if snapshot and snapshot.status is Status.DELETED and snapshot.declaration == declared.number:
        world.store.declare(
            HOME if name == "home" else SHOP, world.clock.now(), declared.number + 1
        )


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
