"""A log, a store with one bandit, what decides and learns in between, and an explainer of it all."""

from __future__ import annotations

import asyncio
import json

import msgspec
import numpy as np

from tamesu.adapters.clock.manual import ManualClock, SeededIds
from tamesu.adapters.eventlog.memory import MemoryEventLog
from tamesu.adapters.store.memory import MemoryStore
from tamesu.base import (
    GRID,
    Arm,
    Decision,
    Declaration,
    Delivery,
    Draft,
    Kind,
    Roster,
    Snapshot,
    decision_id,
    encode,
)
from tamesu.policy import Batch, compose
from tamesu.ports import Commit, roster_of
from tamesu.serve.core import catalogue
from tamesu.serve.core.explain import Explainer
from tamesu.serve.core.hot import heat

SLATE = {
    "name": "colours",
    "arms": ["red", "green", "blue", "black"],
    "layout": {"kind": "slate", "size": 2},
    "policy": {"explorer": {"kind": "thompson", "explore": 0.1}},
    "seed": 7,
}


class House:
    """A log, a store with one bandit, and what decides and learns in between."""

    def __init__(self, declaration=SLATE, partitions=1):
        self.clock, self.ids = ManualClock(), SeededIds()
        self.log = MemoryEventLog(partitions, clock=self.clock)
        self.store = MemoryStore()
        self.declared = self.store.declare(Declaration.parse(declaration), self.clock.now())
        self.name = declaration["name"]
        self.policy = compose(self.declared.declaration)
        self.state = self.policy.init()
        self.version = self.roster_number = 0

    def learn(self, arms, rewards, roster=None, positions=None):
        """The next snapshot, after these rewards; with a roster of its own if one is given."""
        n = len(arms)
        zeros = np.zeros(n, np.int64)
        places = zeros if positions is None else np.array(positions, np.int64)
        batch = Batch(
            np.array(arms, dtype=object), np.array(rewards) * GRID, places, np.ones(n), zeros
        )
        self.state = self.policy.absorb(self.state, self.policy.evidence(self.state, batch))
        self.version += 1
        self.clock.move(1_000_000)
        now = self.clock.now()
        rosters = []
        if roster is not None:
            self.roster_number += 1
            active = tuple(Arm(id=arm) for arm in roster)
            rosters = [
                Roster(bandit=self.name, number=self.roster_number, created=now, active=active)
            ]
        snapshot = Snapshot(
            bandit=self.name,
            declaration=1,
            version=self.version,
            state=self.policy.encode(self.state),
            created=now,
            watermark=now,
            observations=n,
            roster=self.roster_number,
        )
        lease = self.store.lease("test", now, 5_000_000)
        self.store.commit(
            Commit(lease=lease, checkpoint=b"", counts={}, snapshots=[snapshot], rosters=rosters)
        )

    def decide(self, eligible=None, *, fallback=False, **changed):
        """A decision by the newest snapshot, in the log; gives it."""
        snapshot = self.store.snapshot(self.name)
        hot = heat(self.declared, snapshot, roster_of(self.store, self.declared, snapshot))
        identity = decision_id(self.name, 1, self.ids.uuid7(self.clock.now()))
        choice = (hot.fallback if fallback else hot.prepared).choose(identity, eligible)
        columns = zip(choice.arms, choice.propensities, choice.scores, strict=True)
        decision = Decision(
            decision_id=identity,
            snapshot=hot.version,
            deliveries=tuple(Delivery(place, *row) for place, row in enumerate(columns)),
            eligible=eligible and tuple(eligible),
            draws=choice.draws,
            fallback=fallback,
            request_id="r-1",
            unit="somebody",
        )
        decision = msgspec.structs.replace(decision, **changed)
        self.append(identity, encode(decision))
        return decision

    def append(self, identity, body):
        self.log.append([Draft(identity, Kind.DECISION.value, body)])

    def explain(self, identity):
        """The explanation, through JSON, by a server that was just started."""
        return explained(self.log, self.store, self.clock, identity)


def explained(log, store, clock, identity):
    """The explanation, through JSON, by a server that was just started."""
    held = catalogue.Catalogue(store)
    held.start()
    try:
        explainer = Explainer(log=log, store=store, catalogue=held, clock=clock)
        told = asyncio.run(explainer.explain(identity))
    finally:
        held.close()
    return json.loads(msgspec.json.encode(told))
