"""A thousand bandits of a hundred arms, learnt by one trainer in one thread, from a log on the disk.

The log's clock goes on by just the processor time that each step of the trainer took, over all its
threads (and by a poll where it found nothing), and whatever comes in meanwhile is appended outside the
measurement: so the trainer meets the traffic that it would meet on a core of its own, whatever else this
machine does, and falls behind if it cannot keep up. Waiting for the disk is no processor time; how long
the steps took by the clock on the wall is told beside.
"""

from __future__ import annotations

import gc
import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from figures import Figure, held, show

os.environ["POLARS_MAX_THREADS"] = "1"  # before Polars is imported: one core

from tamesu.adapters.archive.parquet import ParquetArchive
from tamesu.adapters.clock.manual import ManualClock, SeededIds
from tamesu.adapters.eventlog.sqlite import SqliteEventLog
from tamesu.adapters.store.sql import SqlStore
from tamesu.base import Decision, Declaration, Delivery, Draft, Event, Kind, encode
from tamesu.engine.duties import duties
from tamesu.engine.learner import LEASE_US, Learner, turn_of
from tamesu.engine.upkeep import Upkeep

BANDITS = 1_000
ARMS = 100
RATE = 5_000
SECONDS = 120.0
WARM_S = 30.0
POLL_US = 20_000
REWARD = {"window": "1s", "lateness": "200ms"}
IDS = [f"arm-{number:02d}" for number in range(ARMS)]


class Traffic:
    """Decisions, impressions and clicks of every bandit in turn, as fast as the clock goes."""

    def __init__(self, log: SqliteEventLog, clock: ManualClock) -> None:
        self._log, self._clock = log, clock
        self._ids, self._random = SeededIds(1), random.Random(1)
        self._made = 0
        self._began = clock.now()

    def follow(self) -> None:
        """Appends what came in until now, each moment's at that moment."""
        now = self._clock.now()
        while True:
            moment = min(now, self._began + (self._made + RATE // 10) * 1_000_000 // RATE)
            due = (moment - self._began) * RATE // 1_000_000 - self._made
            if due <= 0:
                break
            self._clock.set(moment)
            self._log.append([draft for _ in range(due) for draft in self._one()])
        self._clock.set(now)

    def _one(self) -> Iterator[Draft]:
        bandit = f"bandit-{self._made % BANDITS:04d}"
        id_ = f"{bandit}.1.{self._ids.uuid7(self._clock.now())}"
        arm = self._random.randrange(ARMS)
        self._made += 1
        decision = Decision(
            decision_id=id_, snapshot=0, deliveries=(Delivery(0, IDS[arm], 1 / ARMS, 0.1),)
        )
        yield Draft(id_, Kind.DECISION.value, encode(decision))
        kinds = ["impression", "click"] if self._random.random() < arm / ARMS else ["impression"]
        for kind in kinds:
            event = Event(event_id=f"{id_[-32:]}-{kind}", delivery_id=f"{id_}-0", type=kind)
            yield Draft(id_, Kind.EVENT.value, encode(event))


def measure() -> Iterator[Figure]:
    """How old the oldest record is that waits when a commit is made, and how much is learnt."""
    with tempfile.TemporaryDirectory() as folder:
        place, clock = Path(folder), ManualClock()
        log = SqliteEventLog(place / "log", clock=clock)
        store = SqlStore(place / "store.sqlite3")
        for number in range(BANDITS):
            name = f"bandit-{number:04d}"
            store.declare(
                Declaration.parse({"name": name, "arms": IDS, "reward": REWARD, "seed": number}),
                clock.now(),
            )
        archive = ParquetArchive(place / "archive")
        lease = store.takeover("bench", clock.now(), LEASE_US)
        learner = Learner(log, store, archive, clock, lease)
        upkeep = Upkeep(duties(log, store, archive))
        traffic, began = Traffic(log, clock), clock.now()
        learnt, worked, waited = 0, 0.0, 0.0
        ages: list[float] = []
        last = since = began
        gc.freeze()
        while clock.now() - began < SECONDS * 1e6:
            traffic.follow()
            start, wall = time.process_time(), time.perf_counter()
            step = learner.step()
            was_due = upkeep.tend(turn_of(learner, clock.now()))
            took = time.process_time() - start
            clock.move(round(took * 1e6))
            warm = clock.now() - began > WARM_S * 1e6
            if step.committed:
                if warm and since > began:
                    learnt += step.observations
                    ages.append((clock.now() - last) / 1e6)
                last = clock.now()
                since = last if warm and since == began else since
            if warm:
                worked += took
                waited += time.perf_counter() - wall
            if not (step.read or step.more or was_due):
                clock.move(POLL_US)
        behind = log.end(0) - sum(learner.read)
        log.close()
        store.close()
    spent = (last - since) / 1e6
    print(
        f"{len(ages)} commits, a median of {statistics.median(ages):.2f} s apart, "
        f"{behind:,} records behind at the end, {worked:.1f} s of work in {spent:.1f} s "
        f"({waited:.1f} s on the wall)",
        file=sys.stderr,
    )
    name = f"{BANDITS:,} bandits of {ARMS} arms, one trainer on one core, {RATE:,} observations/s"
    rate = learnt / spent
    yield Figure(
        name=f"{name}: learnt",
        value=rate,
        unit="observations/s",
        reach=f"≥ {RATE * 0.95:,.0f}",
        held=held(rate, f"≥ {RATE * 0.95:,.0f}"),
    )
    longest = max(ages)
    yield Figure(
        name=f"{name}: longest time between two commits",
        value=longest,
        unit="s",
        reach="≤ 10",
        held=held(longest, "≤ 10"),
    )


if __name__ == "__main__":
    show(measure)
