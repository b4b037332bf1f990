"""What an engine relies on of a fold that settles early: when rows come, in what order, and what stays."""

from __future__ import annotations

import pytest

from tamesu.base import (
    GRID,
    Aggregate,
    Anchor,
    Aside,
    Decision,
    Delivery,
    Duration,
    Entry,
    Event,
    EventTerm,
    Reward,
    Time,
    Unseen,
    decision_id,
    encode,
    uuid7,
)
from tamesu.base.observations import NO_REWARD
from tamesu.join import Checkpoint, Fold

MS, S = 1_000, 1_000_000
T0_MS = 1_795_000_000_000
EARLY = Reward(
    anchor=Anchor.DECISION,
    window=Duration(10 * S),
    lateness=Duration(S),
    settle=Duration(2 * S),
    events={
        "click": EventTerm(weight=1.0),
        "buy": EventTerm(weight=2.0, aggregate=Aggregate.SUM, within=Duration(20 * S)),
    },
    default=0.5,
)
VISITS = Reward(
    anchor=Anchor.IMPRESSION,
    impression_within=Duration(5 * S),
    window=Duration(30 * S),
    gap=Duration(6 * S),
    lateness=Duration(S),
    settle=Duration(3 * S),
    unseen=Unseen.IMPLY,
)


class Told:
    """One bandit's fold, told what comes in; times in milliseconds after the first decision."""

    def __init__(self, reward: Reward = EARLY, checkpoint: Checkpoint | None = None) -> None:
        self.fold = Fold(lambda bandit, _: reward if bandit == "home" else None, checkpoint)
        self.log: list[Entry] = []

    def put(self, at_ms: int, key: str, kind: str, body: bytes) -> None:
        entry = Entry(0, len(self.log), T0_MS + at_ms, key, kind, body)
        self.log.append(entry)
        self.fold.push([entry])

    def decide(self, at_ms: int = 0, number: int = 1) -> str:
        key = decision_id("home", 1, uuid7(T0_MS + at_ms, number.to_bytes(10, "big")))
        record = Decision(decision_id=key, snapshot=1, deliveries=(Delivery(0, "a", 0.5, 0.1),))
        self.put(at_ms, key, "decision", encode(record))
        return key

    def hear(self, at_ms: int, key: str, kind: str, *, position: int = 0, **more) -> None:
        record = Event(
            event_id=f"e{len(self.log)}", delivery_id=f"{key}-{position}", type=kind, **more
        )
        self.put(at_ms, key, "event", encode(record))

    def tick(self, at_ms: int) -> None:
        self.put(at_ms, "", "tick", b'{"v":1}')

    def given(self) -> list[tuple[int, float, float | None]]:
        """Correction, reward and previous reward of each row that is new."""
        return [
            (row.correction, row.reward / GRID, _reward(row.previous_reward))
            for batch in self.fold.advance().observations
            for row in batch.rows()
        ]


def _reward(value):
    return None if value is None else value / GRID


def test_a_correction_comes_in_the_first_advance_that_has_read_its_event():
    told = Told()
    key = told.decide()
    told.hear(1_000, key, "click")
    assert told.given() == []
    told.tick(2_000)
    assert told.given() == [(0, 1.0, None)]
    told.hear(3_000, key, "buy", value=1.5)
    assert told.given() == [(1, 4.0, 1.0)]
    told.hear(3_000, key, "click")
    told.hear(4_000, key, "buy")
    told.hear(4_000, key, "buy", value=-2.5)
    assert told.given() == [(2, 6.0, 4.0), (3, 1.0, 6.0)]
    assert told.given() == []
    told.tick(60_000)
    assert told.given() == [], "nothing is said when a delivery becomes final"


def test_corrections_wait_for_observation_0_and_come_with_it():
    """The partition that runs ahead has read them long before the watermark gets there."""
    told = Told()
    fold = Fold(lambda *_: EARLY, partitions=2)
    key = told.decide()
    for at_ms, kind in ((1_000, "click"), (2_000, "buy"), (2_500, "buy")):
        told.hear(at_ms, key, kind)
    fold.push(told.log)
    behind = Entry(1, 0, T0_MS + 1_999, "", "tick", b'{"v":1}')
    fold.push([behind])
    assert fold.advance().observations == []
    fold.push([behind._replace(offset=1, received=T0_MS + 2_000)])
    (batch,) = fold.advance().observations
    assert batch.correction.tolist() == [0, 1, 2]
    assert batch.previous_reward.tolist() == [NO_REWARD, 1 * GRID, 3 * GRID]
    assert batch.closed.tolist() == [(T0_MS + at) * MS for at in (2_000, 2_000, 2_500)]
    assert batch.accepted.tolist() == [(T0_MS + at) * MS for at in (1_000, 2_000, 2_500)]
    assert {name: (column / GRID).tolist() for name, column in batch.terms.items()} == {
        "click": [1.0, 1.0, 1.0],
        "buy": [0.0, 2.0, 4.0],
    }


def test_an_event_that_takes_the_default_away_corrects_though_its_term_is_none():
    told = Told()
    key = told.decide()
    told.tick(2_000)
    assert told.given() == [(0, 0.5, None)]
    told.hear(3_000, key, "buy", value=0.0)
    assert told.given() == [(1, 0.0, 0.5)]
    told.hear(4_000, key, "buy", value=0.0)
    assert told.given() == []


def test_rows_of_one_batch_come_by_their_close_and_each_delivery_s_in_their_order():
    told = Told()
    keys = [told.decide(number=number) for number in (1, 2)]
    told.hear(3_000, keys[1], "click")
    told.hear(3_000, keys[0], "click")
    told.hear(5_000, keys[0], "buy")
    (batch,) = told.fold.advance().observations
    rows = zip(batch.decision_id, batch.correction.tolist(), strict=True)
    assert list(rows) == [
        (keys[0], 0),
        (keys[1], 0),
        (keys[0], 1),
        (keys[1], 1),
        (keys[0], 2),
    ]


def test_a_fold_that_starts_again_gives_no_correction_twice_and_goes_on_counting():
    told = Told()
    key = told.decide()
    told.hear(1_000, key, "click")
    told.hear(3_000, key, "buy")
    assert [row[0] for row in told.given()] == [0, 1]
    again = Told(checkpoint=Checkpoint.from_bytes(told.fold.checkpoint().to_bytes()))
    again.log = told.log
    again.fold.push(told.log)
    assert again.given() == []
    again.hear(4_000, key, "buy")
    assert again.given() == [(2, 5.0, 3.0)]


@pytest.mark.parametrize("reward", [EARLY, VISITS])
def test_what_may_still_be_corrected_is_forgotten_with_its_decision(reward):
    """Law 5 where deliveries are corrected: streaming state is bounded by F."""
    told = Told(reward)
    most = 0
    for turn in range(30):
        for number in range(20):
            key = told.decide(turn * 10_000, number)
            if number % 3 == 0:
                told.hear(turn * 10_000, key, "impression")
            for later in range(number % 5):
                told.hear(turn * 10_000 + 500 * later, key, "click")
        told.fold.advance()
        most = max(most, told.fold._state.settling.totals)
    assert 0 < most <= 20 * 7  # decisions are held for the clock skew of a minute
    told.tick(600_000)
    told.fold.advance()
    state = told.fold._state
    assert state.settling.totals == state.placing.waiting == told.fold.open_decisions == 0
    assert len(state.placing.deliveries.open) <= 512


def test_every_sort_of_record_set_aside_is_told_with_its_place_and_why():
    told = Told()
    key, lost = told.decide(), decision_id("home", 1, uuid7(T0_MS, b"lost" + bytes(6)))
    told.hear(0, key, "click", position=3)
    told.hear(0, lost, "click")
    told.hear(0, key, "click", time=Time((T0_MS - 31 * 86_400_000) * MS))
    told.put(0, key, "event", b"{")
    told.put(0, "nobody.1.x", "event", b"{")
    first = told.fold.advance().aside
    assert [(one.offset, one.why, one.bandit, one.key) for one in first] == [
        (1, Aside.ORPHAN, "home", key),
        (3, Aside.TOO_OLD, "home", key),
        (4, Aside.POISON, "home", key),
        (5, Aside.POISON, "", "nobody.1.x"),
    ]
    assert first[0].reason == "its decision has no delivery at its position"
    assert first[1].reason == "its time lies more than 30d back"
    told.tick(60_000)
    (orphan,) = told.fold.advance().aside
    assert (orphan.why, orphan.offset, orphan.key) == (Aside.ORPHAN, 2, lost)
    assert orphan.reason == "its decision did not come by its last moment"
    assert told.fold.advance().aside == []


def test_a_fold_that_starts_again_sets_nothing_aside_twice():
    told = Told()
    key = told.decide()
    told.put(0, key, "event", b"{")
    assert len(told.fold.advance().aside) == 1
    again = Fold(lambda *_: EARLY, Checkpoint.from_bytes(told.fold.checkpoint().to_bytes()))
    again.push(told.log)
    assert again.advance().aside == []
