"""A bandit that really serves and learns in front of people whose habits are known, by a clock that is moved.

Decisions are made by the newest snapshot over its roster, as servers make them; what comes of them enters the log, the
inline engine joins and learns. Refuses to be random: the same seed, the same log.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

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
    Time,
    decision_id,
    delivery_id,
    encode,
)
from tamesu.base.times import SECOND_US
from tamesu.engine import ArchivedDecisions, InlineEngine
from tamesu.ports import roster_of
from tamesu.serve.core.hot import heat

PACE_US = 100_000
DAY_PARTS = ("morning", "noon", "night")

SHOP = {
    "name": "shop",
    "arms": ["a", "b", "c"],
    "seed": 7,
    "policy": {"belief": "beta", "explorer": {"kind": "thompson", "explore": 0.3}},
    "reward": {"window": "5s", "settle": "1s", "lateness": "1s"},
}

SHOP_IN_CONTEXTS = {
    **SHOP,
    "context": {"x": {"type": "vector", "size": 2}},
    "policy": {"belief": "linear", "explorer": {"kind": "epsilon_greedy", "epsilon": 0.4}},
}


def drawn(rng):
    """A context of `SHOP_IN_CONTEXTS`."""
    return {"x": rng.uniform(-1, 1, 2).round(6).tolist()}


class Served:
    """One bandit of any layout.

    Args:
        declared: plain data, with a seed.
        chance: a context (or none) and an arm to the chance of a click.
        draw: a generator to a context; none for none.
        store, archive, log: where it lives; in memory without.

    Attributes:
        truth: by decision id, what was known of it: context, eligible arms, deliveries, clicks.
    """

    def __init__(
        self, declared, chance, draw: Callable | None = None, *, seed=1, shown=1.0, **places
    ):
        self.clock = places.get("clock") or ManualClock()
        self.log = places.get("log") or MemoryEventLog(clock=self.clock)
        self.store = places.get("store") or MemoryStore()
        self.archive = places.get("archive") or MemoryArchive()
        self.ids, self.rng = SeededIds(seed), np.random.default_rng(seed)
        self.chance, self.draw, self.shown = chance, draw, shown
        self.declaration = Declaration.parse(declared)
        self.name = self.declaration.name
        self.store.declare(self.declaration, self.clock.now())
        self.engine = InlineEngine(self.log, self.store, self.archive, self.clock)
        self.truth, self.events = {}, 0
        self._hot = None

    def hot(self):
        """What servers serve now."""
        declared = self.store.declarations()[self.name]
        snapshot = self.store.snapshot(self.name)
        held = self._hot
        if held is None or held.version != (snapshot.version if snapshot else 0):
            roster = roster_of(self.store, declared, snapshot)
            self._hot = held = heat(declared, snapshot, roster, held)
        return held

    def decide(self, *, unit=None, eligible=None, fallback=False, context=None):
        """One decision, logged; its id."""
        hot = self.hot()
        if context is None and self.draw is not None:
            context = self.draw(self.rng)
        now = self.clock.now()
        identity = decision_id(self.name, hot.declared.number, self.ids.uuid7(now))
        columns = (
            hot.policy.encoder.context(context)
            if hot.policy.contextual and hot.policy.encoder.width
            else None
        )
        chooser = hot.fallback if fallback else hot.prepared
        choice = chooser.choose(identity, eligible, columns)
        told = (
            {} if hot.features is None else hot.features
        )  # a mapping may list none and tell of all
        deliveries = tuple(
            Delivery(place, arm, propensity, score, told.get(arm))
            for place, (arm, propensity, score) in enumerate(
                zip(choice.arms, choice.propensities, choice.scores, strict=True)
            )
        )
        decision = Decision(
            decision_id=identity,
            snapshot=hot.version,
            deliveries=deliveries,
            unit=unit,
            context=context,
            eligible=None if eligible is None else tuple(eligible),
            draws=choice.draws,
            fallback=fallback,
        )
        self.log.append([Draft(identity, Kind.DECISION.value, encode(decision))])
        self.truth[identity] = {
            "context": context,
            "eligible": eligible or hot.ids,
            "arms": choice.arms,
            "propensities": choice.propensities,
            "fallback": fallback,
            "unit": unit,
            "clicked": [False] * len(deliveries),
            "shown": [True] * len(deliveries),
        }
        return identity

    def track(self, identity, kind, position=0, *, time=None, value=None):
        self.events += 1
        event = Event(
            event_id=f"e{self.events}",
            delivery_id=delivery_id(identity, position),
            type=kind,
            time=time,
            value=value,
        )
        self.log.append([Draft(identity, Kind.EVENT.value, encode(event))])

    def live(self, identity):
        """People look at what was delivered, and click."""
        known = self.truth[identity]
        for position, arm in enumerate(known["arms"]):
            if self.rng.random() >= self.shown:
                known["shown"][position] = False
                continue
            if self.declaration.reward.anchor is not None:
                self.track(identity, "impression", position)
            if self.rng.random() < self.chance(known["context"], arm):
                known["clicked"][position] = True
                self.track(identity, "click", position)

    def serve(self, count, every=50, **options):
        """So many decisions, learning after each `every`."""
        for number in range(count):
            self.live(self.decide(**options))
            self.clock.move(PACE_US)
            if number % every == every - 1:
                self.learn()

    def learn(self):
        self.log.append([TICK])
        self.engine.catch_up()

    def rest(self, us=60 * SECOND_US):
        """Every window closes, and all is learnt and archived."""
        self.clock.move(us)
        self.learn()
        self.engine.tend()

    def now(self) -> Time:
        return self.clock.now()


def archived(served):
    """What its archive tells of its decisions."""
    return ArchivedDecisions(served.store, served.archive, served.name)
