"""Objectives that are learnt apart: what is believed of each is what the last word on every delivery says."""

from __future__ import annotations

import random
from collections import defaultdict

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tamesu.base import (
    Decision,
    Declaration,
    Delivery,
    Entry,
    Event,
    Time,
    decision_id,
    encode,
    uuid7,
)
from tamesu.base.aims import values_of
from tamesu.join import Fold, oracle
from tamesu.policy import compose
from tamesu.train import prior, teach

T0_MS = 1_795_000_000_000
DECLARATION = Declaration.parse(
    {
        "name": "home",
        "arms": ["a", "b", "c"],
        "seed": 1,
        "policy": {"belief": "gaussian"},
        "reward": {
            "window": "5s",
            "settle": "0s",
            "lateness": "1s",
            "objectives": {
                "clicks": {"click": 1, "like": {"weight": 0.5, "aggregate": "count", "cap": 4}},
                "money": {
                    "events": {
                        "buy": {"weight": 2, "aggregate": "sum"},
                        "rate": {"weight": -1, "aggregate": "first"},
                    },
                    "range": [-5, 9],
                },
                "read": {"read": {"weight": 1, "aggregate": "count", "cap": 3}},
            },
            "scalarise": "gini",
        },
    }
)
POLICY, AIMS = compose(DECLARATION), DECLARATION.aims


def a_log(rng):
    """Decisions with events of every type, in time, at its edge and beyond; each event a correction."""
    drafts = []
    for number in range(rng.randrange(1, 8)):
        at_ms = T0_MS + rng.randrange(20_000)
        key = decision_id("home", 1, uuid7(at_ms, number.to_bytes(10, "big")))
        deliveries = (Delivery(0, rng.choice("abc"), 0.5, 0.5),)
        record = Decision(decision_id=key, snapshot=0, deliveries=deliveries)
        drafts.append((at_ms, key, "decision", encode(record)))
        for place in range(rng.randrange(9)):
            event = Event(
                event_id=str(place),
                delivery_id=f"{key}-0",
                type=rng.choice(["click", "like", "buy", "rate", "read", "scroll"]),
                value=rng.choice([None, 1, -3, 2.5, 1e6, 0]),
            )
            received = at_ms + rng.choice([0, 5, 900, 4_999, 5_000, 6_100])
            drafts.append((received, key, "event", encode(event)))
    drafts.sort(key=lambda draft: draft[0])
    drafts.append((T0_MS + 100_000, "", "tick", b"{}"))
    return [Entry(0, offset, *draft) for offset, draft in enumerate(drafts)]


def learnt(log, rng):
    """What was learnt of a log that was read in pieces."""
    fold, known, read = Fold(lambda *_: DECLARATION.reward), prior("home", 1, POLICY, Time(0)), 0
    while read < len(log):
        piece = log[read : read + rng.choice([1, 3, 50])]
        read += len(piece)
        fold.push(piece)
        rows = fold.advance().observations
        known = teach(POLICY, known, rows, Time(1), Time(1)) or known
    return known


def last_words(log):
    """By arm, where the last row of each delivery lies in the ranges, what lies outside at their ends."""
    rows = {row.decision_id: row for row in oracle(log, lambda *_: DECLARATION.reward).observations}
    found = defaultdict(list)
    for row in rows.values():
        values = values_of(AIMS, row.terms)
        found[row.arm].append(
            [
                min(max((values[name] - low) / (high - low), 0.0), 1.0)
                for name, (low, high) in zip(AIMS.names, AIMS.ranges, strict=True)
            ]
        )
    return found


@settings(max_examples=settings().max_examples // 2)
@given(seed=st.integers(0, 2**32))
def test_what_is_believed_of_each_is_what_the_last_word_on_every_delivery_says(seed):
    """The prior counts for one observation of 1/2; off by no more than the rounding of terms."""
    rng = random.Random(seed)
    log = a_log(rng)
    known, said = learnt(log, rng), last_words(log)
    for row in POLICY.summary(known.state, ("a", "b", "c"), Time(0)):
        mine = said[row.arm]
        assert row.observations == len(mine)
        for place, (low, high) in enumerate(AIMS.ranges):
            mean = (0.5 + sum(one[place] for one in mine)) / (1 + len(mine))
            believed = row.objectives[AIMS.names[place]].mean
            assert (believed - low) / (high - low) == pytest.approx(mean, abs=1e-5)
