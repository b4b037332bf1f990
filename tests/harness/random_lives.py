"""Random lives of two bandits with all that a trainer has: records, commands, upkeep, by a manual clock."""

from __future__ import annotations

from functools import partial

from tamesu.adapters.archive.memory import MemoryArchive
from tamesu.adapters.clock.manual import ManualClock, SeededIds
from tamesu.adapters.eventlog.memory import MemoryEventLog
from tamesu.adapters.store.memory import MemoryStore
from tamesu.base import (
    TICK,
    Decision,
    Declaration,
    Delivery,
    Draft,
    Event,
    Kind,
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


def wishing(scalarise, **sales):
    """The shop, that wants clicks and sales."""
    bought = {"events": {"buy": {"weight": 1, "aggregate": "sum"}}, "range": [0, 2], **sales}
    reward = {"window": "4s", "settle": "1s", "lateness": "1s", "anchor": "decision"}
    wanted = {"objectives": {"clicks": {"click": 1}, "sales": bought}, "scalarise": scalarise}
    return declared("shop", SINGLE, {**reward, **wanted}, policy={"belief": "gaussian"})


WISHES = (
    wishing("gini"),
    wishing({"kind": "gini", "weights": [1, 0.9]}),
    wishing("gini", range=[0, 5]),
    wishing({"weights": {"clicks": 1, "sales": 2}}),
)
"""Learnt apart, with the same meaning, with another; and weighed."""


class World:
    """Two bandits with all that a trainer has, by a clock that is moved by hand."""

    def __init__(self, partitions=1, store=None, archive=None, log=None):
        self.clock = ManualClock()
        self.log = (log or partial(MemoryEventLog, partitions))(clock=self.clock)
        self.store, self.archive = store or MemoryStore(), archive or MemoryArchive()
        self.ids = SeededIds()
        self.decisions = []
        for each in (HOME, SHOP):
            self.store.declare(each, self.clock.now())
        self.engine = InlineEngine(self.log, self.store, self.archive, self.clock)

    def decide(self, bandit="home", *arms, context=None, told=None):
        number = self.store.declarations()[bandit].number
        identity = decision_id(bandit, number, self.ids.uuid7(self.clock.now()))
        deliveries = tuple(
            Delivery(place, arm, 0.5, 0.5, (told or {}).get(arm)) for place, arm in enumerate(arms)
        )
        decision = Decision(
            decision_id=identity, snapshot=0, deliveries=deliveries, context=context
        )
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

    def clicked(self, arm, bandit="home"):
        """A decision that is shown and clicked at once."""
        identity = self.decide(bandit, arm, *(["b"] if bandit == "home" else []))
        self.track(identity, "impression")
        self.track(identity, "click")
        return identity

    def learnt(self, arm="a", times=1):
        """So many of them, learnt."""
        for _ in range(times):
            self.clicked(arm)
        self.move(20 * SECOND_US)
        self.engine.catch_up()

    def move(self, us):
        self.clock.move(us)
        if self.log.partitions == 1:
            self.log.append([TICK])
            return
        for key in range(20):  # one lands in every partition
            self.log.append([TICK._replace(key=f"tick-{key}")])

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
            world.track(identity, rng.choice(("impression", "click", "click", "buy")), 0, time)
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
    elif kind == "declare":
        wanted = rng.choice((HOME, OTHER, ANEW) if name == "home" else (SHOP, *WISHES))
        body = {
            "declaration": wanted.plain(),
            "number": declared.number,
            "warm": rng.random() < 0.5,
        }
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
