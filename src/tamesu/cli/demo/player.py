"""The player: people who ask for decisions, look, click, and send events, over HTTP.

Three threads: one asks for decisions in batches at a steady rate, one asks for single decisions to
time them, one sends events when they fall due. Refuses to know what the server learns.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from types import TracebackType
from typing import Any, Self

import numpy as np

from tamesu.base import Declaration, Time, parse_decision_id
from tamesu.cli.demo.record import Played, Record
from tamesu.client import Client, Decided
from tamesu.sim import UNIFORMS, LoggedWorld, plan

BATCH = 50
"""Decisions in one call of the steady stream."""

SINGLES_PER_S = 40.0
"""Some two thousand single decisions in a minute: enough for a 99th percentile."""

TURN_S = 0.025
"""How often events that fell due are sent."""

EVENTS_PER_CALL = 1_000
MICROSECONDS = 1e6


class Player:
    """Plays until told to stop; then sends what is still due.

    Args:
        url: where the server is.
        declaration: the bandit, as declared.
        world: who clicks what.
        rate: decisions per second to aim for.
        seed: of the people's choices.
    """

    def __init__(
        self, url: str, declaration: Declaration, world: LoggedWorld, rate: float, seed: int
    ) -> None:
        self.record = Record()
        self._client = Client(url, timeout=30.0)
        self._declaration, self._world = declaration, world
        self._rate = max(rate - SINGLES_PER_S, SINGLES_PER_S)
        self._seeds = np.random.SeedSequence(seed).spawn(2)
        self._due: dict[int, list[dict[str, Any]]] = {}
        self._lock = threading.Lock()
        self._no_more_decisions = threading.Event()
        self._no_more_events = threading.Event()
        self._failure: BaseException | None = None
        self._askers: list[threading.Thread] = []
        self._sender = self._thread(self._send_events)

    def __enter__(self) -> Self:
        self._started = time.monotonic()
        self._askers = [self._thread(self._ask_steadily), self._thread(self._ask_singly)]
        for thread in (*self._askers, self._sender):
            thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._no_more_decisions.set()
        self._no_more_events.set()
        for thread in (*self._askers, self._sender):
            thread.join()
        self._client.close()

    def check(self) -> None:
        """Raises what a thread failed with, if one did."""
        if self._failure is not None:
            raise self._failure

    def stop_asking(self) -> None:
        """Asks for no more decisions; events that are due later are still sent."""
        self._no_more_decisions.set()
        for thread in self._askers:
            thread.join()
        self.record.seconds = time.monotonic() - self._started
        self.check()

    @property
    def events_due(self) -> int:
        """How many events are still to be sent."""
        with self._lock:
            return sum(len(events) for events in self._due.values())

    # Threads ------------------------------------------------------------------------------------

    def _thread(self, work: Any) -> threading.Thread:
        def guarded() -> None:
            try:
                work()
            except BaseException as error:  # noqa: BLE001 - told to the main thread by `check`
                self._failure = self._failure or error
                self._no_more_decisions.set()

        return threading.Thread(target=guarded, name=work.__name__, daemon=True)

    def _ask_steadily(self) -> None:
        people = np.random.default_rng(self._seeds[0])
        next_turn = time.monotonic()
        while not self._no_more_decisions.is_set():
            decided = self._client.decide_many(self._declaration.name, BATCH)
            self._play(decided, people)
            # Late turns are not made up for: the rate is a target, not a debt.
            next_turn = max(next_turn + BATCH / self._rate, time.monotonic())
            self._no_more_decisions.wait(next_turn - time.monotonic())

    def _ask_singly(self) -> None:
        people = np.random.default_rng(self._seeds[1])
        while not self._no_more_decisions.wait(1 / SINGLES_PER_S):
            asked = time.monotonic()
            decided = self._client.decide(self._declaration.name)
            self.record.latencies_s.append(time.monotonic() - asked)
            self._play([decided], people)

    def _send_events(self) -> None:
        while True:
            ends = self._no_more_events.is_set()
            now = self._turn(time.monotonic())
            events: list[dict[str, Any]] = []
            with self._lock:
                # Also turns long past: whoever filled them may have been held up.
                for turn in sorted(turn for turn in self._due if turn <= now):
                    events += self._due.pop(turn)
            for start in range(0, len(events), EVENTS_PER_CALL):
                tracked = self._client.track_many(events[start : start + EVENTS_PER_CALL])
                self.record.sent(tracked.accepted)
            if ends:
                return
            self._no_more_events.wait(max(0.0, (now + 1) * TURN_S - time.monotonic()))

    # People -------------------------------------------------------------------------------------

    def _play(self, decided: Sequence[Decided], people: np.random.Generator) -> None:
        """What people do with these decisions: the events fall due later, each at its time."""
        answered = time.monotonic()
        arms = np.array([decision.arms for decision in decided], dtype=object)
        n, k = arms.shape
        flat = arms.ravel().tolist()
        positions = np.tile(np.arange(k), n)
        clicked = self._world.draw_many(flat, positions, people.random(n * k)).reshape(n, k) > 0
        traffic = plan(clicked, people.random((n, k, UNIFORMS)), self._declaration.reward)
        moments = [parse_decision_id(decision.decision_id).decided for decision in decided]
        due = [
            (
                self._turn(answered + sent_us / MICROSECONDS) + 1,
                {
                    "delivery_id": (id_ := decided[row].deliveries[position].delivery_id),
                    "type": "click" if click else "impression",
                    "event_id": f"{id_}/{'c' if click else 'i'}",
                    "time": Time(moments[row] + happened_us).text(),
                },
            )
            for row, position, click, happened_us, sent_us in zip(
                traffic.decision.tolist(),
                traffic.position.tolist(),
                traffic.click.tolist(),
                traffic.happened_us.tolist(),
                traffic.sent_us.tolist(),
                strict=True,
            )
        ]
        with self._lock:
            for turn, event in due:
                self._due.setdefault(turn, []).append(event)
        rates = self._world.rates_of(flat, positions).reshape(n, k)
        self.record.played(Played(arms, clicked, rates), traffic.tally)

    def _turn(self, moment: float) -> int:
        return int(moment / TURN_S)
