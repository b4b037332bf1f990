"""Callers: clients that decide and track for as long as they are let, and remember what they were told.

Refuses to check anything: `promises` does.
"""

from __future__ import annotations

import random
import threading
from contextlib import contextmanager
from functools import reduce
from typing import NamedTuple

from tamesu.client import Client

PATIENCE_S = 90.0
"""How long a caller tries again: longer than a supervisor and all its roles take to come back."""


class Told(NamedTuple):
    """What callers were told: decision ids by request id, and event ids."""

    decisions: dict[str, str]
    events: set[str]

    def with_more(self, more):
        """Both."""
        return Told(self.decisions | more.decisions, self.events | more.events)


class Caller(threading.Thread):
    """Decides and tracks, one call after another."""

    def __init__(self, url, bandit, number, stop, asks=None, kinds=("click",)):
        super().__init__(name=f"caller-{number}")
        self._bandit, self._stop_asked, self._kinds = bandit, stop, kinds
        self._draw = random.Random(number)
        self._asks = asks or (lambda _: {})
        self.told = Told({}, set())
        self.answered = 0
        self.failed = None
        self._client = Client(url, timeout=PATIENCE_S)

    def give_up(self):
        """Does not wait for the answer it is waiting for."""
        self._client.close()

    def run(self):
        try:
            with self._client as client:
                while not self._stop_asked.is_set():
                    self._once(client)
        except Exception as error:  # noqa: BLE001 - told to the test, which fails on it
            self.failed = error

    def _once(self, client):
        requests = [
            {"request_id": self._new("r"), **self._asks(self._draw)}
            for _ in range(self._draw.randrange(1, 5))
        ]
        decided = client.decide_many(self._bandit, requests)
        for request, decision in zip(requests, decided, strict=True):
            self.told.decisions[request["request_id"]] = decision.decision_id
            looked_at = self._draw.choice(decision.deliveries).delivery_id
            events = [self._event(looked_at, "impression")]
            events += [
                self._event(looked_at, kind) for kind in self._kinds if self._draw.random() < 0.4
            ]
            if self._draw.random() < 0.2:
                events.append(dict(events[-1]))
            client.track_many(events)
            self.told.events.update(event["event_id"] for event in events)
        self.answered += 1

    def _event(self, delivery, kind):
        return {"delivery_id": delivery, "type": kind, "event_id": self._new(kind)}

    def _new(self, kind):
        return f"{self.name}-{kind}-{self._draw.getrandbits(64):x}"


class Callers:
    """Several callers, from `calling`."""

    def __init__(self, threads):
        self._threads = threads

    @property
    def answered(self):
        """Rounds that were answered so far; fails when a caller has given up."""
        for thread in self._threads:
            if thread.failed is not None:
                raise AssertionError(f"{thread.name} was failed") from thread.failed
        return sum(thread.answered for thread in self._threads)

    def go_on(self, rounds, until):
        """Returns once so many more rounds were answered."""
        enough = self.answered + rounds
        until(lambda: self.answered >= enough)

    @property
    def told(self):
        """What all of them were told."""
        return reduce(Told.with_more, (thread.told for thread in self._threads), Told({}, set()))


@contextmanager
def calling(url, bandit, count, first=0, asks=None, kinds=("click",)):
    """`count` callers at work, numbered from `first`; they have ended when this has.

    Callers of the same number ask the same, with the same ids. What `asks` makes of a source of luck is
    in each request besides; `kinds` are of the events that come of some deliveries.
    """
    stop = threading.Event()
    threads = [
        Caller(url, bandit, number, stop, asks, kinds) for number in range(first, first + count)
    ]
    for thread in threads:
        thread.start()
    try:
        yield Callers(threads)
    except BaseException:
        for thread in threads:
            thread.give_up()
        raise
    finally:
        stop.set()
        for thread in threads:
            thread.join()
