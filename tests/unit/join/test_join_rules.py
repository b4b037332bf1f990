"""Each rule of the join at its edges, as written in the design, on the oracle and on the fold alike."""

from __future__ import annotations

import msgspec
import pytest

from tamesu.base import (
    GRID,
    Aggregate,
    Anchor,
    Decision,
    Delivery,
    Duration,
    Entry,
    Event,
    EventTerm,
    Observation,
    Outcome,
    Reward,
    Time,
    decision_id,
    encode,
    uuid7,
)
from tamesu.join import Fold, oracle, table

MS, S, MINUTE, DAY = 1_000, 1_000_000, 60_000_000, 86_400_000_000
T0_MS = 1_795_000_000_000
T0 = T0_MS * MS
QUARTER = 15 * MINUTE
KEY = decision_id("home", 1, uuid7(T0_MS, b"0123456789"))
BY_IMPRESSION = Reward(
    anchor=Anchor.IMPRESSION,
    window=Duration(QUARTER),
    impression_within=Duration(QUARTER),
    settle=Duration(QUARTER),
)
BY_DECISION = Reward(anchor=Anchor.DECISION, window=Duration(QUARTER), settle=Duration(QUARTER))


class Story:
    """A log of one bandit, written down with times relative to the decision, in milliseconds."""

    def __init__(self, reward: Reward = BY_IMPRESSION, key: str = KEY) -> None:
        self.reward, self.key = reward, key
        self.entries: list[Entry] = []
        self._ids = 0

    def put(self, received_ms: float, key: str, kind: str, body: bytes) -> Story:
        self.entries.append(Entry(0, len(self.entries), T0_MS + int(received_ms), key, kind, body))
        return self

    def decision(self, received_ms: float = 0, positions: tuple[int, ...] = (0,)) -> Story:
        deliveries = tuple(Delivery(place, f"arm{place}", 0.5, 0.25) for place in positions)
        record = Decision(decision_id=self.key, snapshot=4, deliveries=deliveries)
        return self.put(received_ms, self.key, "decision", encode(record))

    def event(
        self,
        kind: str,
        received_ms: float,
        at_us: int | None = None,
        *,
        value: float | None = None,
        event_id: str | None = None,
        position: int = 0,
    ) -> Story:
        """An event that the client says happened `at_us` after the decision."""
        self._ids += 1
        record = Event(
            event_id=event_id or f"e{self._ids}",
            delivery_id=f"{self.key}-{position}",
            type=kind,
            value=value,
            time=None if at_us is None else Time(T0 + at_us),
        )
        return self.put(received_ms, self.key, "event", encode(record))

    def tick(self, received_ms: float) -> Story:
        return self.put(received_ms, "", "tick", b'{"v":1}')

    def told(self) -> tuple[list[Observation], dict[str, int]]:
        """What both say, which must be the same; without zeros."""

        def lookup(bandit: str, declaration: int) -> Reward | None:
            return self.reward if (bandit, declaration) == ("home", 1) else None

        slow = oracle(self.entries, lookup)
        fold = Fold(lookup)
        fold.push(self.entries)
        emitted = fold.advance()
        rows = [row for batch in emitted.observations for row in batch.rows()]
        counts = {name: n for mine in slow.counts.values() for name, n in mine.items() if n}
        assert {
            name: n for mine in emitted.counts.values() for name, n in mine.items() if n
        } == counts
        assert sorted(rows, key=lambda row: (row.closed, row.decision_id, row.position)) == (
            slow.observations
        )
        assert all(table(mine)["difference"] == 0 for mine in slow.counts.values())
        return slow.observations, counts

    def classes(self) -> dict[str, int]:
        """How the events ended."""
        counts = self.told()[1]
        return {
            name.removeprefix("events_"): number
            for name, number in counts.items()
            if name.startswith("events_") and name != "events_read"
        }

    def only(self) -> Observation:
        """The one observation of the story."""
        (row,) = self.told()[0]
        return row


def test_a_window_includes_its_start_and_excludes_its_end_to_the_microsecond():
    """B5: inside at 14:59.999 999, outside at 15:00.000 000."""
    shown = 30 * S
    story = Story().decision().event("impression", 30_000, shown)
    story.event("click", 30_000, shown, event_id="at the start")
    story.event("click", 930_000, shown + QUARTER - 1, event_id="just inside")
    story.event("click", 930_000, shown + QUARTER, event_id="just outside")
    story.tick(3_600_000)
    assert story.classes() == {"impression": 1, "joined": 2, "out_of_window": 1}
    assert story.only().reward == GRID


@pytest.mark.parametrize(
    ("at_us", "outcome"),
    [(QUARTER - 1, Outcome.OBSERVED), (QUARTER, Outcome.UNSHOWN), (0, Outcome.OBSERVED)],
)
def test_an_impression_counts_within_its_own_window_only(at_us, outcome):
    row = Story().decision().event("impression", 900_000, at_us).tick(3_600_000).only()
    assert row.outcome is outcome
    assert row.shown == (T0 + at_us if outcome is Outcome.OBSERVED else None)


@pytest.mark.parametrize(("received_ms", "told"), [(909_999, "impression"), (910_000, "late")])
def test_an_impression_may_come_until_its_window_and_the_lateness_are_over(received_ms, told):
    story = Story().decision().event("impression", received_ms, 1 * S).tick(3_600_000)
    assert story.classes() == {told: 1}


@pytest.mark.parametrize(
    ("received_ms", "told"), [(100_000 + 909_999, "joined"), (100_000 + 910_000, "late")]
)
def test_an_event_may_come_until_the_window_of_its_delivery_and_the_lateness_are_over(
    received_ms, told
):
    story = Story().decision().event("impression", 100_000, 100 * S)
    story.event("click", received_ms, 101 * S).tick(3_600_000)
    assert story.classes() == {"impression": 1, told: 1}


@pytest.mark.parametrize(
    ("at_us", "told"), [(-5 * S, "impression"), (-5 * S - 1, "out_of_window"), (-1, "impression")]
)
def test_an_impression_up_to_five_seconds_before_its_decision_counts_as_at_it(at_us, told):
    story = Story().decision().event("impression", 10, at_us).tick(3_600_000)
    assert story.classes() == {told: 1}
    assert story.only().shown == (T0 if told == "impression" else None)


@pytest.mark.parametrize(
    ("before_us", "told"), [(5 * S, "joined"), (5 * S + 1, "out_of_window"), (1, "joined")]
)
def test_an_event_up_to_five_seconds_before_its_impression_counts_as_at_it(before_us, told):
    story = Story().decision().event("impression", 60_000, 60 * S)
    story.event("click", 60_000, 60 * S - before_us).tick(3_600_000)
    assert story.classes() == {"impression": 1, told: 1}


def test_tolerances_follow_each_other_so_that_nothing_happens_before_its_decision():
    story = Story().decision().event("impression", 5_000, 5 * S)
    story.event("click", 5_000, -5 * S).event("click", 5_000, -5 * S - 1).tick(3_600_000)
    assert story.classes() == {"impression": 1, "joined": 1, "out_of_window": 1}


def test_the_first_impression_in_log_order_is_the_anchor_not_the_earliest():
    story = Story().decision().event("impression", 60_000, 50 * S)
    story.event("impression", 60_000, 10 * S).event("click", 60_000, 20 * S).tick(3_600_000)
    assert story.classes() == {"impression": 1, "repeat_impression": 1, "out_of_window": 1}
    assert story.only().shown == T0 + 50 * S
    assert story.only().closed == T0 + 50 * S + QUARTER + 10 * S


@pytest.mark.parametrize(
    ("at_us", "believed_us"),
    [(5 * MINUTE + 1 * S, 5 * MINUTE + 1 * S), (5 * MINUTE + 1 * S + 1, 1 * S), (None, 1 * S)],
)
def test_a_clients_time_is_believed_up_to_five_minutes_ahead(at_us, believed_us):
    story = Story().decision().event("impression", 1_000, at_us).tick(3_600_000)
    assert story.only().shown == T0 + believed_us


@pytest.mark.parametrize(("late_us", "told"), [(20 * S, "impression"), (20 * S - 1, "too_old")])
def test_a_clients_time_is_believed_as_far_back_as_the_late_horizon(late_us, told):
    reward = msgspec.structs.replace(BY_IMPRESSION, late=Duration(late_us))
    story = Story(reward).decision().event("impression", 21_000, 1 * S).tick(3_600_000)
    assert story.classes() == {told: 1}


def test_an_event_before_its_decision_waits_and_is_joined():
    story = Story().event("click", 0, 0).event("impression", 0, 0)
    assert story.classes() == {"held": 2}
    story.decision(20)
    assert story.classes() == {"impression": 1, "joined": 1}
    assert story.tick(3_600_000).only().reward == GRID


def test_a_click_before_its_impression_waits_and_is_joined():
    story = Story().decision().event("click", 10, 5_000)
    assert story.classes() == {"held": 1}
    assert story.event("impression", 20, 6_000).classes() == {"impression": 1, "joined": 1}


def test_what_waited_for_its_impression_keeps_its_place_in_the_log():
    rate = EventTerm(weight=1.0, aggregate=Aggregate.FIRST)
    story = Story(msgspec.structs.replace(BY_IMPRESSION, events={"rate": rate})).decision()
    story.event("rate", 10, 5_000, value=3.0).event("rate", 10, 5_000, value=4.0)
    story.event("impression", 20, 5_000).event("rate", 30, 6_000, value=5.0).tick(3_600_000)
    assert story.only().reward == 3 * GRID


def test_a_click_on_what_nobody_saw_is_unseen_once_no_impression_can_come():
    story = Story().decision().event("click", 10, 5_000).tick(909_999)
    assert story.classes() == {"held": 1}
    assert story.tick(910_000).classes() == {"unseen": 1}
    assert story.event("click", 920_000, 5_000).classes() == {"unseen": 2}
    row = story.only()
    assert (row.outcome, row.reward, row.closed) == (Outcome.UNSHOWN, 0, T0 + QUARTER + 10 * S)


def test_an_event_with_no_decision_is_an_orphan_at_its_last_moment():
    story = Story().event("click", 0).tick(1_809_999)
    assert story.classes() == {"held": 1}
    assert story.tick(1_810_000).classes() == {"orphan": 1}


def test_an_event_of_a_position_that_was_not_delivered_is_an_orphan():
    story = Story().decision(positions=(0, 2)).event("impression", 1, position=1)
    assert story.event("impression", 1, position=2).classes() == {"orphan": 1, "impression": 1}


def test_a_repeat_is_a_duplicate_within_its_decision_whatever_the_first_was():
    story = Story().decision(positions=(0, 1))
    story.event("hover", 1, event_id="x").event("impression", 2, event_id="x", position=1)
    story.event("impression", 3, event_id="y").event("impression", 3, event_id="y")
    assert story.classes() == {"ignored_type": 1, "duplicate": 2, "impression": 1}


def test_a_set_aside_record_is_not_remembered_as_the_first():
    story = Story().decision().event("impression", 1, event_id="x", value=2.0**31 + 1)
    assert story.event("impression", 1, event_id="x").classes() == {"poison": 1, "impression": 1}


def test_from_the_last_moment_on_an_event_is_judged_by_itself():
    last_ms = 1_810_000
    story = (
        Story().decision().event("impression", 1, 1).event("click", last_ms - 1, 2, event_id="x")
    )
    story.event("click", last_ms, 2, event_id="x").event("hover", last_ms, 2)
    story.event("click", last_ms, 2 - 31 * DAY)
    assert story.classes() == {"impression": 1, "late": 2, "ignored_type": 1, "too_old": 1}


@pytest.mark.parametrize(
    ("received_ms", "told"),
    [(60_000, "accepted"), (60_001, "poison"), (-60_000, "accepted"), (-60_001, "poison")],
)
def test_a_decision_further_than_the_clock_skew_from_its_receipt_is_poison(received_ms, told):
    assert Story().decision(received_ms).told()[1][f"decisions_{told}"] == 1


@pytest.mark.parametrize(("received_ms", "told"), [(-60_000, "held"), (-60_001, "poison")])
def test_an_event_of_a_decision_from_the_future_is_poison_and_not_held(received_ms, told):
    assert Story().event("click", received_ms).classes() == {told: 1}


def test_a_repeated_decision_is_dropped_while_its_time_is_not_yet_poison():
    tiny = Reward(anchor=Anchor.DECISION, window=Duration(1), lateness=Duration(0))
    story = Story(tiny).decision().tick(59_999).decision(60_000).decision(60_001)
    counts = story.told()[1]
    assert (counts["decisions_accepted"], counts["decisions_duplicate"]) == (1, 1)
    assert counts["decisions_poison"] == 1


def test_a_decision_after_its_own_last_moment_is_accepted_and_its_events_are_orphans():
    tiny = Reward(
        anchor=Anchor.IMPRESSION,
        window=Duration(MS),
        impression_within=Duration(MS),
        lateness=Duration(0),
    )
    story = Story(tiny).event("impression", 1, 0).decision(2).event("click", 2, 0).tick(3)
    counts = story.told()[1]
    assert (counts["events_orphan"], counts["events_late"]) == (1, 1)
    assert (counts["decisions_accepted"], counts["deliveries_unshown"]) == (1, 1)


def test_anchored_at_the_decision_no_impression_is_needed():
    story = Story(BY_DECISION).decision().event("click", 899_000, QUARTER - 1)
    story.event("click", 900_001, QUARTER).event("click", 909_999, 1, value=7.0)
    story.event("click", 910_000, 1)
    assert story.classes() == {"joined": 2, "out_of_window": 1, "late": 1}
    row = story.only()
    assert (row.outcome, row.shown, row.reward) == (Outcome.OBSERVED, None, GRID)
    assert row.closed == T0 + QUARTER + 10 * S


def test_anchored_at_the_decision_an_impression_says_when_it_was_shown():
    story = Story(BY_DECISION).decision().event("impression", 5, 3_000)
    story.event("impression", 6, 1_000).event("impression", 900_001, QUARTER).tick(3_600_000)
    assert story.classes() == {"impression": 1, "repeat_impression": 1, "out_of_window": 1}
    assert story.only().shown == T0 + 3_000


def test_what_nobody_saw_has_no_reward_not_even_the_default():
    reward = msgspec.structs.replace(BY_IMPRESSION, default=0.25)
    row = Story(reward).decision().tick(3_600_000).only()
    assert (row.outcome, row.reward, row.terms) == (Outcome.UNSHOWN, 0, {"click": 0})


def test_without_an_event_that_counts_the_reward_is_the_default_and_every_term_is_zero():
    reward = msgspec.structs.replace(BY_DECISION, default=0.25)
    row = Story(reward).decision().event("click", 1, -6 * S).tick(3_600_000).only()
    assert (row.reward, row.terms) == (GRID // 4, {"click": 0})
    row = Story(reward).decision().event("click", 1).tick(3_600_000).only()
    assert (row.reward, row.terms) == (GRID, {"click": GRID})


@pytest.mark.parametrize(
    ("term", "values", "expected"),
    [
        (EventTerm(weight=2.0), [5.0, None], 2.0),
        (EventTerm(weight=2.0, aggregate=Aggregate.COUNT), [5.0, None], 4.0),
        (EventTerm(weight=2.0, aggregate=Aggregate.SUM), [5.0, None, -0.5], 11.0),
        (EventTerm(weight=2.0, aggregate=Aggregate.SUM, cap=3.0), [5.0, None], 6.0),
        (EventTerm(weight=-2.0, aggregate=Aggregate.FIRST), [5.0, 9.0], -10.0),
        (EventTerm(weight=2.0, aggregate=Aggregate.FIRST, cap=0.5), [None, 9.0], 1.0),
        (EventTerm(weight=0.0), [None], 0.0),
        (EventTerm(weight=0.25, aggregate=Aggregate.SUM), [2.0**31] * 5000, 1250 * 2.0**31),
        (EventTerm(weight=2.0**31, aggregate=Aggregate.SUM), [2.0**31] * 2, 2.0**42),
    ],
)
def test_a_term_is_weight_times_the_capped_aggregate(term, values, expected):
    """Sums are exact however many there are; a reward ends at ±2^42, which is 2^62 on the grid."""
    story = Story(msgspec.structs.replace(BY_DECISION, events={"click": term}, default=9.0))
    story.decision()
    for value in values:
        story.event("click", 1, value=value)
    row = story.tick(3_600_000).only()
    assert row.reward == row.terms["click"] == round(expected * GRID)


def test_rewards_that_saturate_together_stay_within_64_bits():
    huge = EventTerm(weight=2.0**31, aggregate=Aggregate.SUM)
    reward = msgspec.structs.replace(BY_DECISION, events={"a": huge, "b": huge, "c": huge})
    story = Story(reward).decision()
    for kind in ("a", "b", "c"):
        story.event(kind, 1, value=2.0**31)
    assert story.tick(3_600_000).only().reward == 1 << 62


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("event", b""),
        ("event", b"null"),
        ("event", b"\xff\xfe"),
        ("event", b'{"event_id":"x","delivery_id":"nonsense","type":"click"}'),
        ("event", b'{"event_id":"x","delivery_id":"%s-0","type":"click","value":1e999}' % KEY.encode()),
        ("event", b'{"event_id":"x","delivery_id":"%s-0","type":"click","time":5}' % KEY.encode()),
        ("event", b'{"event_id":"x","delivery_id":"%s-00","type":"click"}' % KEY.encode()),
        ("event", b'{"event_id":"x","delivery_id":"%s-10000","type":"click"}' % KEY.encode()),
        ("event", b'{"event_id":"x","delivery_id":"%s-0","type":"click","x":%s}' % (KEY.encode(), b"[" * 9000)),
        ("decision", b'{"decision_id":"%s","snapshot":0}' % KEY.encode()),
        ("decision", b'{"decision_id":"%s","snapshot":-1,"deliveries":[]}' % KEY.encode()),
        ("decision", b'{"decision_id":"home.2.%s","snapshot":0,"deliveries":[]}' % KEY[7:].encode()),
        ("decision", b'{"decision_id":"%s","snapshot":0,"deliveries":[%s,%s]}' % (KEY.encode(), *[b'{"position":0,"arm":"a","propensity":1,"score":0}'] * 2)),
        ("gossip", b"{}"),
    ],
)  # fmt: skip
def test_poison_is_set_aside_and_its_neighbours_go_on(kind, body):
    story = Story().put(0, KEY, kind, body).decision().put(1, KEY, kind, body)
    story.event("impression", 2).put(3, KEY, kind, body).tick(3_600_000)
    _, counts = story.told()
    records = "decisions" if kind == "decision" else "events"
    assert counts[f"{records}_poison"] == 3
    assert (counts["decisions_accepted"], counts["events_impression"]) == (1, 1)
