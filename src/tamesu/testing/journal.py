"""A journal: what servers and clients might have done, drawn from a seed, as appends to a log.

It holds what a real one holds and worse: several bandits and anchors, repeats of decisions and
events, events before their decision, late ones, unknown ones, and records that no one can read.
Refuses to be fair: edges come far more often than in life.
"""

from __future__ import annotations

import random
from collections.abc import Iterator

from tamesu.base import (
    TICK,
    Decision,
    Declaration,
    Delivery,
    Draft,
    Entry,
    Event,
    Kind,
    Time,
    decision_id,
    delivery_id,
    encode,
    parse_decision_id,
    uuid7,
)
from tamesu.base.times import MILLISECOND_US, SECOND_US
from tamesu.ports import Clock, EventLog

ARMS = ("a", "b", "c", "d")


def declarations() -> tuple[Declaration, ...]:
    """Five bandits: a slate anchored at impressions, a single one at decisions, visits, falls, wishes.

    Those of visits are sessions that settle early and imply their impressions; a click takes the
    reward away, and a purchase, for which there is more time, gives it back. Those of falls are cascades
    that settle early: a click further up takes back what was learnt below it. Those of wishes want two
    things, which are learnt apart.
    """
    return tuple(
        Declaration.parse({"arms": ARMS, "seed": 7, "batch": {"size": 40, "every": "1s"}, **own})
        for own in (
            {
                "name": "slates",
                "layout": {"kind": "slate", "size": 2},
                "reward": {"window": "3s", "lateness": "1s", "impression_within": "2s"},
            },
            {"name": "singles", "reward": {"window": "2s", "lateness": "500ms"}},
            {
                "name": "visits",
                "reward": {
                    "anchor": "impression",
                    "impression_within": "2s",
                    "window": {"gap": "1500ms", "cap": "4s"},
                    "settle": "1s",
                    "lateness": "1s",
                    "events": {"click": 0, "buy": {"weight": 1, "within": "6s"}},
                    "default": 1,
                    "unseen": "imply",
                },
            },
            {
                "name": "falls",
                "layout": {"kind": "cascade", "size": 3},
                "reward": {
                    "anchor": "decision",
                    "window": "12s",
                    "settle": "1s",
                    "lateness": "1s",
                },
            },
            {
                "name": "wishes",
                "policy": {"belief": "gaussian", "explorer": {"kind": "thompson", "draws": 4}},
                "reward": {
                    "window": "6s",
                    "settle": "1s",
                    "lateness": "1s",
                    "objectives": {
                        "clicks": {"click": 1},
                        "sales": {
                            "events": {"buy": {"weight": 1, "aggregate": "sum"}},
                            "range": [0, 2],
                        },
                    },
                    "scalarise": "gini",
                },
            },
        )
    )


class Journal:
    """Writes `steps` batches of records into a log, moving the clock between them."""

    def __init__(self, seed: int, steps: int = 60) -> None:
        self._draw = random.Random(seed)  # noqa: S311 - a scenario, not a secret
        self._steps = steps
        self._decisions: list[tuple[str, int]] = []
        self._sent: list[Draft] = []

    def write(self, log: EventLog, clock: Clock) -> Iterator[None]:
        """Appends one batch at a time, and ends by letting everything become final."""
        for _ in range(self._steps):
            drafts = self._batch(clock.now())
            if drafts:
                log.append(drafts)
            clock.sleep(self._draw.choice([0, 1, 7, 250, 999, 1_000, 2_500]) * MILLISECOND_US)
            yield
        clock.sleep(120 * SECOND_US)
        for partition in range(log.partitions):
            _tick(log, partition)
        yield

    def _batch(self, now: Time) -> list[Draft]:
        drafts: list[Draft] = []
        for _ in range(self._draw.randrange(6)):
            make = self._draw.choice(
                [self._decide, self._decide, self._track, self._track, self._track, self._odd]
            )
            drafts += make(now)
        self._sent += drafts
        return drafts

    def _decide(self, now: Time) -> list[Draft]:
        bandit, size = self._draw.choice(
            [("slates", 2), ("singles", 1), ("visits", 1), ("falls", 3), ("wishes", 1)]
        )
        skew_ms = self._draw.choice([0, 0, 0, 0, -1, 59_999, -60_000, 61_000])
        unix_ms = now // MILLISECOND_US + skew_ms
        identity = decision_id(bandit, 1, uuid7(unix_ms, self._draw.randbytes(10)))
        arms = self._draw.sample(ARMS, size)
        decision = Decision(
            decision_id=identity,
            snapshot=0,
            deliveries=tuple(Delivery(place, arm, 0.25, 0.5) for place, arm in enumerate(arms)),
            fallback=self._draw.random() < 0.05,  # noqa: PLR2004 - now and then
        )
        self._decisions.append((identity, size))
        draft = Draft(identity, Kind.DECISION.value, encode(decision))
        if self._draw.random() < 0.2:  # noqa: PLR2004 - an event that overtakes its decision
            return [*self._event(identity, 0, now), draft]
        return [draft]

    def _track(self, now: Time) -> list[Draft]:
        if not self._decisions:
            return []
        identity, size = self._draw.choice(self._decisions[-12:])
        return self._event(identity, self._draw.randrange(size + 1), now)

    def _event(self, identity: str, position: int, now: Time) -> list[Draft]:
        shift_us = self._draw.choice([0, -1, -999_999, -SECOND_US, -4 * SECOND_US, 10 * SECOND_US])
        decided = parse_decision_id(identity).decided
        soon = Time(decided + self._draw.choice([0, 1, 999_999, 2 * SECOND_US]))
        event = Event(
            event_id=f"e{self._draw.randrange(400)}",
            delivery_id=delivery_id(identity, position),
            type=self._draw.choice(["impression", "impression", "click", "click", "buy", "scroll"]),
            time=self._draw.choice([None, Time(now + shift_us), soon]),
        )
        return [Draft(identity, Kind.EVENT.value, encode(event))]

    def _odd(self, now: Time) -> list[Draft]:
        stranger = decision_id("nobody", 1, uuid7(now // MILLISECOND_US, self._draw.randbytes(10)))
        lost = decision_id("slates", 1, uuid7(now // MILLISECOND_US, self._draw.randbytes(10)))
        return self._draw.choice(
            [
                [TICK],
                [Draft("rubbish", Kind.EVENT.value, b"{")],
                [Draft(lost, Kind.DECISION.value, b'{"decision_id": 3}')],
                self._event(stranger, 0, now),
                self._event(lost, 0, now),
                self._draw.sample(self._sent, 1) if self._sent else [],
            ]
        )


def _tick(log: EventLog, partition: int) -> None:
    """A tick that lands in `partition`: ticks are keyed by whatever lands there."""
    before = log.end(partition)
    salt = 0
    while log.end(partition) == before:
        log.append([Draft("" if log.partitions == 1 else f"tick-{salt}", TICK.kind, TICK.body)])
        salt += 1


def entries_of(log: EventLog) -> list[Entry]:
    """Every entry of a log, by partition and offset."""
    return [
        entry
        for partition in range(log.partitions)
        for entry in log.read(partition, 0, log.end(partition) + 1)
    ]
