"""A thousand bandits of a hundred arms, learnt by one trainer on a core of its own, by the clock on the wall.

The trainer is the real role in its own process, pinned to one core, with the log, the store and the
archive of a laptop; the traffic comes from this process, pinned to another one.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from figures import Figure, held, show
from tamesu.adapters.clock.manual import SeededIds
from tamesu.adapters.clock.system import SystemClock
from tamesu.base import Decision, Declaration, Delivery, Draft, Event, Kind, encode
from tamesu.join import Checkpoint
from tamesu.ports import EventLog, Store
from tamesu.wiring import Settings
from tamesu.wiring.places import open_log, open_store

BANDITS = 1_000
ARMS = 100
RATE = 5_000
WARM_S = 30.0
SECONDS = 60.0
TICK_S = 0.02
REWARD = {"window": "1s", "lateness": "200ms"}
DUE_S = 1.2
"""What a watermark is behind the clock where nothing waits."""
IDS = [f"arm-{number:02d}" for number in range(ARMS)]


class Traffic:
    """Decisions, impressions and clicks of every bandit in turn, as many as the clock asks for."""

    def __init__(self, log: EventLog) -> None:
        self._log, self._clock = log, SystemClock()
        self._ids, self._random = SeededIds(1), random.Random(1)
        self._began = time.monotonic()
        self._made = 0

    def follow(self, seconds: float) -> None:
        """Appends for so long what is due, each tick's at its tick."""
        end = time.monotonic() + seconds
        while (now := time.monotonic()) < end:
            due = int((now - self._began) * RATE) - self._made
            self._log.append([draft for _ in range(due) for draft in self._one()])
            time.sleep(TICK_S)

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
    """How much is learnt of what comes in, and how far what is learnt is behind."""
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < 2:
        sys.exit("needs two cores: one for the trainer, one for the traffic")
    with tempfile.TemporaryDirectory() as folder, (Path(folder) / "trainer.log").open("wb") as out:
        settings = Settings(data=f"{folder}/data")
        log, store = open_log(settings), open_store(settings)
        for number in range(BANDITS):
            name = f"bandit-{number:04d}"
            declared = {"name": name, "arms": IDS, "reward": REWARD, "seed": number}
            store.declare(Declaration.parse(declared), SystemClock().now())
        os.sched_setaffinity(0, cores[:1])  # which the trainer inherits, with all its threads
        trainer = subprocess.Popen(
            [sys.executable, "-m", "tamesu", "run", "trainer"],
            env={**os.environ, "TAMESU_DATA": settings.data},
            stdout=out,
            stderr=subprocess.STDOUT,
        )
        os.sched_setaffinity(0, cores[1:])
        try:
            yield from _watched(trainer, Traffic(log), store)
        finally:
            trainer.terminate()
            trainer.wait()
            os.sched_setaffinity(0, cores)


def _watched(trainer: subprocess.Popen[Any], traffic: Traffic, store: Store) -> Iterator[Figure]:
    traffic.follow(WARM_S)
    learnt, due = _learnt(store)
    spent, began = _processor_s(trainer.pid), time.monotonic()
    behind = []
    while time.monotonic() - began < SECONDS:
        traffic.follow(1.0)
        behind.append(_behind_s(store))
    lasted = time.monotonic() - began
    later, due_later = _learnt(store)
    busy = (_processor_s(trainer.pid) - spent) / lasted
    print(f"trainer: {busy:.2f} of its core; behind, s: {behind}", file=sys.stderr)
    rate = (later - learnt) / (due_later - due)
    name = f"{BANDITS:,} bandits of {ARMS} arms, one trainer on one core, {RATE:,} observations/s"
    for what, value, unit, reach in (
        ("learnt, of a second of the log", rate, "observations/s", f"≥ {RATE * 0.95:,.0f}"),
        ("what is learnt is behind by at most", max(behind), "s", "≤ 10"),
        ("the same, in the last ten seconds", max(behind[-10:]), "s", ""),
        ("the core's share that is used", busy, "of 1", ""),
    ):
        yield Figure(
            name=f"{name}: {what}",
            value=value,
            unit=unit,
            reach=reach,
            held=not reach or held(value, reach),
        )


def _learnt(store: Store) -> tuple[int, float]:
    """Deliveries that were learnt, and the watermark in seconds, as of the last commit."""
    progress = store.progress()
    learnt = sum(counts.get("deliveries_observed", 0) for counts in progress.counts.values())
    watermark = Checkpoint.from_bytes(progress.checkpoint).watermark
    if watermark is None:
        sys.exit("the trainer committed nothing while it warmed up")
    return learnt, watermark / 1e6


def _behind_s(store: Store) -> float:
    """How old what has not been learnt yet may be, beyond what its window asks for."""
    return round(time.time() - _learnt(store)[1] - DUE_S, 2)


def _processor_s(pid: int) -> float:
    """Processor time that a process has had, user's and system's."""
    told = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()
    return (int(told[11]) + int(told[12])) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    show(measure)
