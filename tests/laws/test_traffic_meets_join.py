"""What the player's tally says must be found is what the join finds, class by class."""

from __future__ import annotations

import numpy as np
import pytest

from tamesu.base import (
    Decision,
    Delivery,
    Duration,
    Entry,
    Event,
    Kind,
    Reward,
    Time,
    decision_id,
    delivery_id,
    encode,
    uuid7,
)
from tamesu.base.reward import Anchor
from tamesu.join import oracle, table
from tamesu.sim import UNIFORMS, Habits, plan

SECOND = 1_000_000
START_MS = 1_795_000_000_000
REWARD = Reward(
    anchor=Anchor.IMPRESSION,
    window=Duration(3 * SECOND),
    impression_within=Duration(3 * SECOND),
    lateness=Duration(SECOND),
)
ROUGH = Habits(
    impression_lost=0.2, impression_late=0.1, click_lost=0.2, click_late=0.2, repeated=0.2
)


def a_log(script, n: int, k: int) -> list[Entry]:
    """The log of n decisions made 7 ms apart, and of every event of their script."""
    made = [START_MS + 7 * row for row in range(n)]
    ids = [
        decision_id("shop", 1, uuid7(ms, row.to_bytes(10, "big"))) for row, ms in enumerate(made)
    ]
    drafts = [
        (
            made[row] * 1000,
            ids[row],
            Kind.DECISION,
            Decision(
                decision_id=ids[row],
                snapshot=0,
                deliveries=tuple(Delivery(p, f"arm-{p}", 1 / k, 0.0) for p in range(k)),
            ),
        )
        for row in range(n)
    ]
    for row, position, click, happened, sent in zip(
        script.decision,
        script.position,
        script.click,
        script.happened_us,
        script.sent_us,
        strict=True,
    ):
        delivery = delivery_id(ids[row], int(position))
        kind = "click" if click else "impression"
        event = Event(
            event_id=f"{delivery}/{kind}",
            delivery_id=delivery,
            type=kind,
            time=Time(made[row] * 1000 + int(happened)),
        )
        drafts.append((made[row] * 1000 + int(sent), ids[row], Kind.EVENT, event))
    drafts.sort(key=lambda draft: draft[0])
    return [
        Entry(0, offset, at // 1000, key, kind.value, encode(record))
        for offset, (at, key, kind, record) in enumerate(drafts)
    ]


@pytest.mark.parametrize(("seed", "habits"), [(1, ROUGH), (2, ROUGH), (3, Habits())])
def test_the_join_finds_what_was_sent(seed, habits):
    n, k = 150, 3
    g = np.random.default_rng(seed)
    script = plan(g.random((n, k)) < 0.3, g.random((n, k, UNIFORMS)), REWARD, habits)
    end = Time((START_MS + 60_000) * 1000)
    counts = oracle(a_log(script, n, k), lambda *_: REWARD, end).counts["shop"]
    expected = script.tally.expected()
    assert {name: counts.get(name, 0) for name in expected} == expected
    assert counts["events_read"] == script.tally.events
    assert table(counts)["difference"] == 0
    assert counts.get("deliveries_open", 0) == counts.get("events_held", 0) == 0
