"""A bandit in memory, a log, and a trainer to be called: for tests of what is done to a bandit."""

from __future__ import annotations

from tamesu.adapters.archive.memory import MemoryArchive
from tamesu.adapters.clock.manual import ManualClock, SeededIds
from tamesu.adapters.eventlog.memory import MemoryEventLog
from tamesu.adapters.store.memory import MemoryStore
from tamesu.base import (
    GRID,
    TICK,
    Correction,
    Decision,
    Declaration,
    Delivery,
    Draft,
    Event,
    Kind,
    Observation,
    Outcome,
    Snapshot,
    decision_id,
    delivery_id,
    encode,
    parse_decision_id,
)
from tamesu.base.times import HOUR_US, SECOND_US
from tamesu.engine import InlineEngine
from tamesu.policy import compose
from tamesu.ports import Holds

HOME = {
    "name": "home",
    "arms": ["a", "b", "c"],
    "reward": {"window": "9s", "settle": "2s", "lateness": "1s"},
    "seed": 7,
}
OTHER_BELIEF = {"policy": {"belief": {"kind": "beta", "prior": [1, 9]}}}


class World:
    """A bandit, a log, and a trainer to be called."""

    def __init__(self, home=HOME, store=None, archive=None):
        self.clock = ManualClock()
        self.log = MemoryEventLog(clock=self.clock)
        self.store = store or MemoryStore()
        self.archive = archive or MemoryArchive()
        self._ids = SeededIds()
        self.home = Declaration.parse(home)
        self.shown = []
        self.store.declare(self.home, self.clock.now())

    def trainer(self, faults=None):
        wrap = (lambda port: port) if faults is None else faults.wrap
        ports = (wrap(port) for port in (self.log, self.store, self.archive))
        return InlineEngine(*ports, self.clock)

    def learn(self):
        """A new trainer learns all there is."""
        self.trainer().catch_up()

    def ask(self, kind, body=None):
        return self.store.ask("home", kind, body or {}, self.clock.now()).number

    def do(self, kind, body=None):
        """A command, applied; its effect."""
        number = self.ask(kind, body)
        self.learn()
        effect = self.store.command(number).effect
        assert effect.refusal is None, effect.refusal
        return effect

    def declare(self, number=1, *, warm=False, **changes):
        return {"declaration": {**self.home.plain(), **changes}, "number": number, "warm": warm}

    def show(self, *arms, clicked="", number=1):
        """Decisions that deliver an arm each; those of `clicked` are clicked at once."""
        for arm in arms:
            identity = decision_id("home", number, self._ids.uuid7(self.clock.now()))
            self.shown.append(identity)
            decision = Decision(
                decision_id=identity, snapshot=0, deliveries=(Delivery(0, arm, 0.5, 0.5),)
            )
            drafts = [Draft(identity, Kind.DECISION.value, encode(decision))]
            self.log.append(drafts)
            if arm in clicked:
                self.click(identity)

    def click(self, identity):
        event = Event(
            event_id=self._ids.uuid7(self.clock.now()),
            delivery_id=delivery_id(identity, 0),
            type="click",
        )
        self.log.append([Draft(identity, Kind.EVENT.value, encode(event))])

    def wait(self, seconds=20):
        """Past every window, without further ado."""
        self.clock.move(seconds * SECOND_US)
        self.log.append([TICK])

    def correct(self, identity, arm, reward, correction=1):
        """A late correction as the job would keep it."""
        lease = self.store.takeover("inline", self.clock.now(), HOUR_US)
        now = self.clock.now()
        row = Observation(
            decision_id=identity,
            position=0,
            correction=correction,
            experiment=None,
            variant=None,
            unit=None,
            arm=arm,
            context=None,
            eligible=None,
            propensity=0.5,
            score=0.5,
            draws=None,
            fallback=False,
            outcome=Outcome.OBSERVED,
            reward=reward * GRID,
            previous_reward=(1 - reward) * GRID,
            terms={"click": reward * GRID},
            decided=parse_decision_id(identity).decided,
            shown=now,
            closed=now,
            snapshot=0,
        )
        found = Correction(
            bandit="home",
            declaration=1,
            observation=row,
            accepted=now,
            moved={"events_late": -1, "events_corrected": 1},
            found=now,
        )
        assert self.store.correct(lease, [found]) == 1

    @property
    def snapshot(self) -> Snapshot:
        return self.store.snapshot("home")

    def rates(self, *arms, state=None):
        """(ones, zeros) of each arm in the newest snapshot, or in `state`."""
        part = compose(self.home).decode(state or self.snapshot.state).parts[0]
        pairs = zip(part.column("successes", arms), part.column("failures", arms), strict=True)
        return [(int(ones), int(zeros)) for ones, zeros in pairs]

    def rows(self):
        """Everything that is archived, as (arm, correction, absorbed)."""
        files = self.store.files(Holds.OBSERVATIONS)
        return sorted(
            (row.arm, row.correction, row.absorbed)
            for group in self.archive.read(files)
            for row in group.rows()
        )

    def everything(self):
        """All that a trainer has written, but for who it was."""
        versions = [one.version for one in self.store.snapshots("home")]
        snapshots = [self.store.snapshot("home", version) for version in versions]
        rosters = {one.roster: self.store.roster("home", one.roster) for one in snapshots}
        return {
            "snapshots": [encode(one) for one in snapshots],
            "rosters": {number: encode(roster) for number, roster in rosters.items() if roster},
            "commands": [encode(command) for command in self.store.commands()],
            "declared": self.store.declarations()["home"],
            "deferred": self.store.deferred("home"),
            "corrections": [encode(one) for one in self.store.corrections(waiting=False)],
            "waiting": [*self.store.waiting(), *self.store.corrections(waiting=True)],
            "rows": self.rows(),
            "aside": [
                kept
                for file in self.archive.read_aside(self.store.files(Holds.ASIDE))
                for kept in file
            ],
            "counts": self.store.progress().counts,
        }
