"""A bandit's log of weeks: what people did at once with what they were shown, and what they bought later.

Refuses to be random: the same seed writes the same records.
"""

from __future__ import annotations

import hashlib
from contextlib import closing

import numpy as np

from tamesu.adapters.clock.manual import ManualClock
from tamesu.adapters.eventlog.sqlite import SqliteEventLog
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
    uuid7,
)
from tamesu.base.times import DAY_US, HOUR_US, MINUTE_US, SECOND_US
from tamesu.wiring import Settings, open_store

ARMS = ("bait", "plain", "solid")

DECLARED = {
    "name": "shop",
    "arms": list(ARMS),
    "policy": {"belief": "gaussian"},
    "reward": {
        "window": "1h",
        "events": {"click": 1, "cart": {"weight": 0, "aggregate": "count"}, "purchase": 0},
    },
    "seed": 7,
}

CLICKS = (0.4, 0.2, 0.15)
"""How often an arm is clicked: the first is the bait."""

CARTS = (0.02, 0.08, 0.2)
"""How often something is put into the basket: there the last is best."""

PER_CLICK, PER_CART = 0.02, 0.5
"""Purchases in the next ten days that come of a click, and of a thing in the basket."""


class LongRun:
    """`days` of decisions by chance among three arms, and what came of them, purchases up to ten days later.

    Attributes:
        decisions: their ids with the arm of each, and when.
        bought: per purchase the decision's id, the unit, the moment and the value.
        unit_names: what the log calls units; none as they are.
        direct: purchases that come of an arm whatever was clicked: then no surrogate is right.
    """

    def __init__(
        self, *, days=20, a_day=150, direct=(0.0, 0.0, 0.0), seed=1, units=None, declared=None
    ):
        self.declaration = Declaration.parse(declared or DECLARED)
        self.days, self.a_day, self.direct, self.units = days, a_day, direct, units
        self.unit_names = None
        self._draw = np.random.default_rng(seed)
        self.decisions, self.bought = [], []
        self._events = 0

    def batches(self, start):
        """(moment, drafts) in the order of moments: a day's decisions come in half a minute, clicks within the
        hour after, purchases in the evening of their day."""
        found = {}
        for day in range(self.days):
            for number in range(self.a_day):
                now = start + day * DAY_US + number * (30 * SECOND_US // self.a_day)
                for moment, draft in self._decision(now, day * self.a_day + number):
                    found.setdefault(self._received(moment, start), []).append(draft)
        return sorted(found.items())

    def _received(self, moment, start):
        day, rest = divmod(moment - start, DAY_US)
        ends = (30 * SECOND_US, HOUR_US - 1, DAY_US - 1)
        return start + day * DAY_US + next(end for end in ends if rest <= end)

    def _decision(self, now, number):
        draw = self._draw
        arm = int(draw.integers(len(ARMS)))
        unit = None if self.units is None else f"user-{int(draw.integers(self.units))}"
        random = hashlib.blake2b(str(number).encode(), digest_size=10).digest()
        key = decision_id("shop", 1, uuid7(now // 1000, random))
        delivery = Delivery(0, ARMS[arm], 1 / 3, 0.5)
        kept = unit if self.unit_names is None else self.unit_names.of(unit)
        decision = Decision(decision_id=key, snapshot=0, deliveries=(delivery,), unit=kept)
        self.decisions.append((key, ARMS[arm], unit, now))
        yield now, Draft(key, Kind.DECISION.value, encode(decision))
        clicked = draw.random() < CLICKS[arm]
        carts = int((draw.random() < CARTS[arm]) * draw.integers(1, 4))
        for kind in ["click"] * clicked + ["cart"] * carts:
            moment = now + MINUTE_US + int(draw.integers(30 * MINUTE_US))
            yield moment, self._event(key, kind, moment)
        rate = PER_CLICK * clicked + PER_CART * carts + self.direct[arm]
        for _ in range(draw.poisson(rate)):
            moment = now + 2 * HOUR_US + int(draw.integers(9 * DAY_US))
            value = 1.0
            self.bought.append((key, unit, moment, value))
            yield moment, self._event(key, "purchase", moment, value)

    def _event(self, key, kind, moment, value=None):
        self._events += 1
        event = Event(
            event_id=f"e{self._events}",
            delivery_id=delivery_id(key, 0),
            type=kind,
            value=value,
            time=Time(moment),
        )
        return Draft(key, Kind.EVENT.value, encode(event))

    def write(self, log, clock):
        """Appends everything as it comes, and lets another day pass."""
        for moment, drafts in self.batches(clock.now()):
            clock.set(moment)
            log.append(drafts)
        clock.sleep(DAY_US)
        log.append([TICK])

    def install(self, folder):
        """A data folder that holds it: a store with the bandit, and its log."""
        clock = ManualClock()
        with closing(open_store(Settings(data=str(folder)))) as store:
            store.declare(self.declaration, clock.now())
            with closing(SqliteEventLog(folder / "log", clock=clock)) as log:
                self.write(log, clock)
        return folder
