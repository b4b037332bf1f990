"""The trainer applies commands: in order, once, in its next transaction, whatever else happens."""

from __future__ import annotations

import contextlib

import pytest

from tamesu.adapters.archive.memory import MemoryArchive
from tamesu.adapters.clock.manual import ManualClock, SeededIds
from tamesu.adapters.eventlog.memory import MemoryEventLog
from tamesu.adapters.store.memory import MemoryStore
from tamesu.base import (
    TICK,
    Conflict,
    Decision,
    Declaration,
    Delivery,
    Draft,
    Event,
    Kind,
    Unavailable,
    decision_id,
    delivery_id,
    encode,
)
from tamesu.base.times import SECOND_US
from tamesu.engine import InlineEngine
from tamesu.policy import compose
from tamesu.testing import Crash, CrashAfter
from tamesu.train import KINDS, CommandKind

HOME = Declaration.parse(
    {
        "name": "home",
        "arms": ["a", "b", "c"],
        "layout": {"kind": "slate", "size": 2},
        "reward": {"window": "3s", "lateness": "1s", "anchor": "decision"},
        "seed": 7,
    }
)


class World:
    """A bandit, a log, and a trainer to be called."""

    def __init__(self):
        self.clock = ManualClock()
        self.log = MemoryEventLog(clock=self.clock)
        self.store = MemoryStore()
        self.archive = MemoryArchive()
        self._ids = SeededIds()
        self.store.declare(HOME, self.clock.now())

    def trainer(self, faults=None):
        wrap = (lambda port: port) if faults is None else faults.wrap
        ports = (wrap(port) for port in (self.log, self.store, self.archive))
        return InlineEngine(*ports, self.clock)

    def learn(self):
        self.trainer().catch_up()

    def ask(self, body, bandit="home", kind="arms"):
        return self.store.ask(bandit, kind, body, self.clock.now()).number

    def effect(self, number):
        return self.store.command(number).effect

    def show(self, *arms, clicked=None):
        """A decision that delivers `arms`, one of them clicked."""
        identity = decision_id("home", 1, self._ids.uuid7(self.clock.now()))
        deliveries = tuple(Delivery(n, arm, 0.5, 0.5) for n, arm in enumerate(arms))
        drafts = [
            (Kind.DECISION, Decision(decision_id=identity, snapshot=0, deliveries=deliveries))
        ]
        if clicked is not None:
            place = delivery_id(identity, arms.index(clicked))
            drafts.append((Kind.EVENT, Event(event_id="e", delivery_id=place, type="click")))
        self.log.append([Draft(identity, kind.value, encode(record)) for kind, record in drafts])

    def wait(self):
        """Past every window."""
        self.clock.move(10 * SECOND_US)
        self.log.append([TICK])

    def observed(self, *arms):
        """How many observations the newest snapshot has of each arm."""
        policy = compose(HOME)
        snapshot = self.store.snapshot("home")
        rows = policy.summary(policy.decode(snapshot.state), arms, self.clock.now())
        return [row.observations for row in rows]

    def active(self):
        snapshot = self.store.snapshot("home")
        return self.store.roster("home", snapshot.roster).ids


@pytest.fixture
def world():
    return World()


def test_a_command_is_applied_when_nothing_else_is_due(world):
    """On an empty log, at the very first step."""
    number = world.ask({"add": ["d"]})
    engine = world.trainer()
    assert engine.step() == 0
    assert world.active() == ("a", "b", "c", "d")
    effect = world.effect(number)
    assert (effect.snapshot, effect.roster, effect.read, effect.refusal) == (1, 1, (0,), None)
    assert effect.told == {"added": 1, "changed": 0, "revived": 0, "retired": 0}
    snapshot = world.store.snapshot("home")
    assert (snapshot.observations, snapshot.ready, snapshot.accepted) == (0, None, None)
    assert snapshot.state == compose(HOME).encode(compose(HOME).init())


def test_commands_that_change_nothing_make_no_snapshot(world):
    number = world.ask({"add": ["a"]})
    world.learn()
    assert dict(world.store.versions()) == {}
    assert (world.effect(number).snapshot, world.effect(number).roster) == (0, 0)
    assert not world.store.waiting()


def test_a_retired_arm_keeps_what_it_learnt_and_goes_on_learning(world):
    """Events of what it had under way count; when it comes back all of it is there."""
    world.show("a", "b", clicked="a")
    world.wait()
    world.learn()
    assert world.observed("a", "b") == [1, 1]
    world.show("a", "c", clicked="c")
    world.learn()
    world.ask({"retire": ["a"]})
    world.learn()
    assert world.active() == ("b", "c")
    assert world.observed("a") == [1], "a change of arms changes no state"
    world.wait()
    world.learn()
    assert world.observed("a", "b", "c") == [2, 1, 1]
    assert world.active() == ("b", "c")
    world.ask({"add": ["a", "d"]})
    world.learn()
    assert world.active() == ("b", "c", "a", "d")
    assert world.observed("a", "d") == [2, 0]


def test_a_command_takes_effect_before_what_its_commit_learns(world):
    """Two snapshots of one transaction: the command's upon the last commit, then what was learnt."""
    world.show("a", "b", clicked="a")
    world.wait()
    number = world.ask({"add": ["d"]})
    world.learn()
    versions = world.store.versions()
    assert dict(versions) == {"home": 2}
    first, second = (world.store.snapshot("home", version) for version in (1, 2))
    assert (first.observations, second.observations) == (0, 2)
    assert first.roster == second.roster == 1
    effect = world.effect(number)
    assert (effect.snapshot, effect.read) == (1, (0,))
    world.ask({"retire": ["d"]})
    world.learn()
    assert world.effect(2).read == (world.log.end(0),)


def test_commands_are_applied_in_their_order_and_make_one_snapshot(world):
    numbers = [
        world.ask({"add": ["d"]}),
        world.ask({"retire": ["d"]}),
        world.ask({"retire": ["d"]}),
    ]
    world.learn()
    assert dict(world.store.versions()) == {"home": 1}
    roster = world.store.roster("home", 1)
    assert [arm.id for arm in roster.retired] == ["d"]
    effects = [world.effect(number) for number in numbers]
    assert [(effect.snapshot, effect.roster) for effect in effects] == [(1, 1)] * 3
    assert [effect.told["retired"] for effect in effects] == [0, 1, 0]
    world.ask({"add": ["d"]})
    world.learn()
    assert world.store.snapshot("home").roster == 2
    assert world.store.roster("home", 2).retired == ()


def test_what_cannot_be_applied_is_refused_and_stops_nobody(world, monkeypatch):
    """Unfit for the roster, for no bandit, of no kind, badly written, or our own mistake."""

    def mistake(*_):
        raise ZeroDivisionError("ours")

    monkeypatch.setitem(KINDS, "mistake", CommandKind(dict, mistake))
    wrong = [
        world.ask({"retire": ["nowhere"]}),
        world.ask({"add": ["x"]}, bandit="nowhere"),
        world.ask({}, kind="dance"),
        world.ask({"adds": ["x"]}),
        world.ask({}, kind="mistake"),
        world.ask({"sync": ["x", "y"]}),
        world.ask({"retire": ["a", "b"]}),
    ]
    right = world.ask({"add": ["d"]})
    world.learn()
    codes = [world.effect(number).refusal.code for number in wrong]
    assert codes == [
        "not-found",
        "not-found",
        "invalid-input",
        "invalid-input",
        "bug",
        "conflict",
        "conflict",
    ]
    assert [world.effect(number).snapshot for number in wrong] == [0] * 7
    assert (world.effect(right).refusal, world.effect(right).snapshot) == (None, 1)
    assert world.active() == ("a", "b", "c", "d")


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_crash_at_any_port_call_applies_it_once(when):
    """Killed at its n-th call, for every n, the successor ends where a clean run does."""
    n = 0
    while True:
        n += 1
        world = World()
        world.show("a", "b", clicked="a")
        world.wait()
        numbers = [world.ask({"add": ["d"]}), world.ask({"retire": ["b"]})]
        faults = CrashAfter(n, when)
        with contextlib.suppress(Crash):
            world.trainer(faults).catch_up()
        world.learn()
        assert dict(world.store.versions()) == {"home": 2}
        assert [world.effect(number).told for number in numbers] == [
            {"added": 1, "changed": 0, "revived": 0, "retired": 0},
            {"added": 0, "changed": 0, "revived": 0, "retired": 1},
        ]
        assert world.active() == ("a", "c", "d")
        assert world.observed("a", "b", "d") == [1, 1, 0]
        assert world.store.roster("home", 2) is None
        if not faults.crashed:
            break
    assert n > 8, "there were calls to crash at"


def test_a_trainer_that_lost_its_lease_applies_nothing(world):
    slow = world.trainer()
    world.learn()
    number = world.ask({"add": ["d"]})
    with pytest.raises(Conflict):
        slow.step()
    assert world.effect(number) is None
    world.learn()
    assert world.effect(number).snapshot == 1


def test_a_trainer_goes_on_from_the_roster_that_it_finds(world):
    """A successor reads roster and numbers from the store."""
    for arm in ("d", "e", "f"):
        world.ask({"add": [{"id": arm, "metadata": {"n": arm}}]})
        world.learn()
    snapshot = world.store.snapshot("home")
    assert (snapshot.version, snapshot.roster) == (3, 3)
    roster = world.store.roster("home", 3)
    assert [arm.metadata for arm in roster.active[3:]] == [{"n": "d"}, {"n": "e"}, {"n": "f"}]


def test_a_commit_that_failed_is_made_again_and_not_twice(world, monkeypatch):
    """The inline engine lives on where its store was down for a moment."""
    engine = world.trainer()
    world.show("a", "b", clicked="a")
    world.wait()
    number = world.ask({"add": ["d"]})
    commit = world.store.commit
    with monkeypatch.context() as broken:

        def down(_):
            raise Unavailable("the store is down")

        broken.setattr(world.store, "commit", down)
        with pytest.raises(Unavailable):
            engine.catch_up()
    assert world.store.commit == commit
    engine.catch_up()
    assert dict(world.store.versions()) == {"home": 2}
    assert world.effect(number).snapshot == 1
    assert world.observed("a", "b", "d") == [1, 1, 0]
