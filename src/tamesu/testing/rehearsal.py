"""A rehearsal: a bandit in front of a world, through the whole loop, by a clock of its own.

Decisions and events go into a log, the inline engine joins and learns, and the next decision is made
by its newest snapshot, as in production; a day takes a second. Refuses layouts of several arms, and
rewards other than one event or none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from heapq import heappop, heappush
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tamesu.adapters.archive.memory import MemoryArchive
from tamesu.adapters.clock.manual import ManualClock, SeededIds
from tamesu.adapters.eventlog.memory import MemoryEventLog
from tamesu.adapters.store.memory import MemoryStore
from tamesu.base import (
    TICK,
    Anchor,
    Command,
    Decision,
    Declaration,
    Delivery,
    Draft,
    Event,
    InvalidInput,
    Kind,
    Time,
    decision_id,
    delivery_id,
    encode,
)
from tamesu.base.times import MILLISECOND_US
from tamesu.engine import InlineEngine
from tamesu.policy import ArmSummary, Prepared, State, compose
from tamesu.ports import roster_of
from tamesu.sim import NEVER_US, DelayedWorld, Step, evaluability


class Rehearsal:
    """One bandit and the people of one delayed world.

    Same arguments, same calls: same decisions, bit for bit.

    Args:
        declaration: with a seed and one event type, anchored at the decision.
        world: how often and when that event comes.
        arms: ids of the world's rows; none for the declared arms, in their order.

    Attributes:
        store, archive, log: what the loop has written.
    """

    def __init__(
        self, declaration: Declaration, world: DelayedWorld, arms: Sequence[str] | None = None
    ) -> None:
        self._policy = compose(declaration)
        reward = declaration.reward
        if self._policy.size != 1 or len(reward.events) != 1 or reward.anchor is Anchor.IMPRESSION:
            raise InvalidInput(
                "a rehearsal needs the layout single, one event type and the anchor decision"
            )
        self._world = world
        self._type, self._window_us = next(iter(reward.events)), reward.longest_us
        self._rows = {arm: row for row, arm in enumerate(arms or declaration.arm_ids)}
        self._clock, self._ids = ManualClock(), SeededIds(declaration.seed or 0)
        self.store, self.archive = MemoryStore(), MemoryArchive()
        self.log = MemoryEventLog(clock=self._clock)
        self._declared = self.store.declare(declaration, self._clock.now())
        self._engine = InlineEngine(self.log, self.store, self.archive, self._clock)
        self._coming: list[tuple[int, Draft]] = []
        self._made = 0

    def play(
        self,
        rounds: int,
        *,
        every: int,
        pace_us: int,
        uniforms: Callable[[int], NDArray[np.float64]],
    ) -> Iterator[Step]:
        """The steps of `rounds` more decisions, one after another; see `tamesu.sim.Step`.

        What `earned` counts is what comes within the window in the end.

        Args:
            rounds: how many decisions to make.
            every: the engine learns, and the newest snapshot serves, after so many.
            pace_us: between two decisions, at least a millisecond.
            uniforms: (m, 2) numbers in [0, 1) for m decisions: whether a reward comes, and when.
        """
        expected = self._world.within(self._window_us).rates
        for first in range(0, rounds, every):
            count = min(every, rounds - first)
            prepared = self.prepared()
            rows, active = np.zeros(count, np.intp), [self._rows[arm] for arm in prepared.arms]
            luck = uniforms(count)
            came = np.zeros(count)
            for number in range(count):
                self._wait(pace_us)
                identity, arm = self._decide(prepared)
                rows[number] = self._rows[arm]
                delay = self._world.delays_us(rows[number : number + 1], luck[number : number + 1])
                came[number] = delay[0] < self._window_us
                self._expect(identity, int(delay[0]))
            best = expected[active].max()
            yield Step(
                first=self._made - count,
                lost=best - expected[rows],
                earned=came,
                evaluability=evaluability(best - expected[active], prepared.propensities()),
                best=np.full(count, best),
                truth=expected[:, None],
                uniform=float(expected[active].mean()),
            )
            self.learn()

    def rest(self, duration_us: int, steps: int = 1) -> None:
        """Lets time pass in which nobody decides and events come, learning at each of `steps`."""
        for _ in range(steps):
            self._wait(duration_us // steps)
            self.learn()

    def learn(self) -> None:
        """Joins and learns what the log holds by now."""
        self.log.append([TICK])
        self._engine.catch_up()

    def ask(self, kind: str, body: dict[str, Any]) -> Command:
        """The command of that kind and body, asked for, with its effect: applied or refused.

        Kinds that make a new declaration are not for a rehearsal: it goes on with its own.
        """
        asked = self.store.ask(self._name, kind, body, self._clock.now())
        self.learn()
        return self.store.command(asked.number) or asked

    def prepared(self) -> Prepared:
        """What decides now: the newest snapshot over the arms of its roster."""
        return self._policy.prepare(*self._standing())

    def summary(self) -> list[ArmSummary]:
        """What is believed of each active arm now."""
        return self._policy.summary(*self._standing())

    def _standing(self) -> tuple[State, tuple[str, ...], Time]:
        """What was learnt, the active arms, and now."""
        snapshot = self.store.snapshot(self._name)
        state = self._policy.init() if snapshot is None else self._policy.decode(snapshot.state)
        arms = roster_of(self.store, self._declared, snapshot).ids
        return state, arms, self._clock.now()

    @property
    def _name(self) -> str:
        return self._declared.declaration.name

    def _wait(self, duration_us: int) -> None:
        """Moves time on; what comes meanwhile enters the log when it comes."""
        until = self._clock.now() + duration_us
        while self._coming and self._coming[0][0] <= until:
            moment, draft = heappop(self._coming)
            self._clock.set(moment)
            self.log.append([draft])
        self._clock.set(until)

    def _decide(self, prepared: Prepared) -> tuple[str, str]:
        """A decision, logged: its id and its arm."""
        now = self._clock.now()
        identity = decision_id(self._name, self._declared.number, self._ids.uuid7(now))
        choice = prepared.choose(identity)
        delivery = Delivery(0, choice.arms[0], choice.propensities[0], choice.scores[0])
        version = self.store.versions().get(self._name, 0)
        decision = Decision(
            decision_id=identity, snapshot=version, deliveries=(delivery,), draws=choice.draws
        )
        self.log.append([Draft(identity, Kind.DECISION.value, encode(decision))])
        self._made += 1
        return identity, choice.arms[0]

    def _expect(self, identity: str, delay_us: int) -> None:
        """Notes the event of a decision, if one comes: in the millisecond after it happened."""
        if delay_us == NEVER_US:
            return
        happened = Time(self._clock.now() + delay_us)
        event = Event(
            event_id=f"e{self._made}",
            delivery_id=delivery_id(identity, 0),
            type=self._type,
            time=happened,
        )
        moment = -(-happened // MILLISECOND_US) * MILLISECOND_US
        heappush(self._coming, (moment, Draft(identity, Kind.EVENT.value, encode(event))))
