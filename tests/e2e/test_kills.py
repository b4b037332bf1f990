"""Server and trainer are killed again and again under load; every promise holds.

What a client was told is in the log. What is in the log is counted once. What was learnt is, bit for
bit, what a clean run over the same log learns.
"""

from __future__ import annotations

import os
import random
import signal
import threading
from collections import Counter

import pytest

from tamesu.adapters.archive.memory import MemoryArchive
from tamesu.adapters.clock.manual import ManualClock
from tamesu.adapters.store.memory import MemoryStore
from tamesu.base import Declaration, Kind, Time, decode_event, delivery_id, encode
from tamesu.client import Client
from tamesu.engine import InlineEngine
from tamesu.join import table
from tamesu.wiring import Settings, open_archive, open_log, open_store, supervisor

KILLS = 20
BETWEEN = 25
"""Requests answered between a role's return and the next kill."""

DECLARATION = {
    "name": "front",
    "layout": {"kind": "slate", "size": 2},
    "arms": ["a", "b", "c", "d"],
    "reward": {"window": "1s", "lateness": "500ms"},
    "batch": {"every": "100ms"},
    "seed": 11,
}


class Caller(threading.Thread):
    """Decides and tracks, and remembers what it was told."""

    def __init__(self, url, number, stop):
        super().__init__(name=f"caller-{number}")
        self._url, self._stop_asked = url, stop
        self._draw = random.Random(number)
        self.decisions, self.events = [], []
        self.answered = 0
        self.failed = None

    def run(self):
        try:
            with Client(self._url, timeout=30) as client:
                while not self._stop_asked.is_set():
                    self._once(client)
        except Exception as error:  # noqa: BLE001 - told to the test, which fails on it
            self.failed = error

    def _once(self, client):
        for decision in client.decide_many("front", self._draw.randrange(1, 5)):
            self.decisions.append(decision.decision_id)
            events = [self._event(decision[0].delivery_id, "impression")]
            if self._draw.random() < 0.4:
                events.append(self._event(decision[0].delivery_id, "click"))
            if self._draw.random() < 0.2:
                events.append(dict(events[-1]))
            client.track_many(events)
            self.events += [event["event_id"] for event in events]
        self.answered += 1

    def _event(self, delivery, kind):
        return {
            "delivery_id": delivery,
            "type": kind,
            "event_id": f"{self.name}-{len(self.events)}-{kind}-{self._draw.getrandbits(64):x}",
        }


@pytest.mark.timeout(300)
def test_twenty_kills_lose_nothing_and_count_nothing_twice(tmp_path, until):
    settings = Settings(data=str(tmp_path / "data"), port=0)
    with (tmp_path / "roles.log").open("wb") as output:
        stop = threading.Event()
        with supervisor(settings, output=output.fileno()) as (watch, url):
            callers = [Caller(url, number, stop) for number in range(2)]
            try:
                watch.start()
                with Client(url, timeout=30) as client:
                    client.create(DECLARATION)
                    for caller in callers:
                        caller.start()
                    killed = kill_at_random(watch, callers, until)
                    stop.set()
                    for caller in callers:
                        caller.join()
                    everything_final(client, until)
            finally:
                stop.set()
    assert [caller.failed for caller in callers] == [None, None]
    assert watch.restarts == killed
    check_promises(settings, callers)


def kill_at_random(watch, callers, until):
    """Kills one role after another, each as soon as some work was done since the last."""
    draw = random.Random(2026)
    killed = Counter()
    for _ in range(KILLS):
        enough = sum(caller.answered for caller in callers) + draw.randrange(1, BETWEEN)
        until(
            lambda enough=enough: (
                sum(caller.answered for caller in callers) >= enough
                or any(caller.failed for caller in callers)
            )
        )
        role = draw.choice(["server-0", "trainer"])
        pid = until(lambda role=role: watch.pid(role))
        os.kill(pid, signal.SIGKILL)
        killed[role] += 1
        until(lambda role=role, pid=pid: watch.pid(role) not in {None, pid})
    return dict(killed)


def everything_final(client, until):
    """Waits until every delivery is decided on."""

    def final():
        counts = client.conservation("front")
        assert counts["difference"] == 0
        return counts["deliveries"]["open"] == 0 and counts["events"]["held"] == 0

    until(final)


def check_promises(settings, callers):
    log, store, archive = open_log(settings), open_store(settings), open_archive(settings)
    entries = log.read(0, 0, 1 << 30)
    decided = Counter(entry.key for entry in entries if entry.kind == Kind.DECISION)
    tracked = Counter(
        decode_event(entry.body).event_id for entry in entries if entry.kind == Kind.EVENT
    )
    told_decisions = Counter(identity for caller in callers for identity in caller.decisions)
    told_events = {event for caller in callers for event in caller.events}
    assert max(told_decisions.values()) == 1
    assert set(told_decisions) <= set(decided), "an acknowledged decision is not in the log"
    assert told_events <= set(tracked), "an acknowledged event is not in the log"

    rows = [row for batch in archive.read(store.files()) for row in batch.rows()]
    seen = Counter(delivery_id(row.decision_id, row.position) for row in rows)
    assert set(seen.values()) == {1}, "a delivery was counted twice"
    assert set(seen) == {delivery_id(key, place) for key in decided for place in (0, 1)}

    counts = store.progress().counts["front"]
    assert table(counts)["difference"] == 0
    assert counts["decisions_accepted"] == len(decided)

    clean_store, clean_archive = clean_run(log)
    served, clean = store.snapshot("front"), clean_store.snapshot("front")
    assert served.state == clean.state
    assert served.observations == clean.observations > 0
    assert counts == clean_store.progress().counts["front"]
    clean_rows = [row for batch in clean_archive.read(clean_store.files()) for row in batch.rows()]
    assert sorted(map(encode, rows)) == sorted(map(encode, clean_rows))
    log.close()
    store.close()


def clean_run(log):
    """What the inline engine, never killed, makes of the same log in an empty store."""
    store, archive = MemoryStore(), MemoryArchive()
    store.declare(Declaration.parse(DECLARATION), Time(0))
    InlineEngine(log, store, archive, ManualClock()).catch_up()
    return store, archive
