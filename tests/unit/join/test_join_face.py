"""What an engine relies on of `Fold`: pieces, order, counts, levels, checkpoints."""

from __future__ import annotations

import pytest

from tamesu.base import (
    Anchor,
    Aside,
    Corrupt,
    Decision,
    Delivery,
    Duration,
    Entry,
    Event,
    InvalidInput,
    Reward,
    Time,
    decision_id,
    encode,
    uuid7,
)
from tamesu.base.observations import NO_TIME
from tamesu.join import Checkpoint, Fold, Mark

MS, S = 1_000, 1_000_000
T0_MS = 1_795_000_000_000
SHORT = Reward(
    anchor=Anchor.IMPRESSION,
    window=Duration(3 * S),
    impression_within=Duration(3 * S),
    lateness=Duration(S),
)
LONG = Reward(anchor=Anchor.DECISION, window=Duration(100 * S), lateness=Duration(S))
REWARDS = {("home", 1): SHORT, ("home", 2): LONG, ("aside", 1): SHORT}


def lookup(bandit: str, declaration: int) -> Reward | None:
    return REWARDS.get((bandit, declaration))


def key_of(number: int, bandit: str = "home", declaration: int = 1, at_ms: int = 0) -> str:
    return decision_id(bandit, declaration, uuid7(T0_MS + at_ms, bytes([number] * 10)))


def decision(offset: int, key: str, at_ms: int = 0, partition: int = 0, **fields) -> Entry:
    record = Decision(
        decision_id=key,
        snapshot=1,
        deliveries=(Delivery(0, "a", 0.5, 0.1), Delivery(1, "b", 0.5, 0.1)),
        **fields,
    )
    return Entry(partition, offset, T0_MS + at_ms, key, "decision", encode(record))


def heard(offset: int, key: str, kind: str, at_ms: int, event_id: str, place: int = 0) -> Entry:
    record = Event(event_id=event_id, delivery_id=f"{key}-{place}", type=kind)
    return Entry(0, offset, T0_MS + at_ms, key, "event", encode(record))


def tick(offset: int, at_ms: int, partition: int = 0) -> Entry:
    return Entry(partition, offset, T0_MS + at_ms, "", "tick", b'{"v":1}')


def test_a_new_fold_has_no_watermark_and_gives_nothing():
    fold = Fold(lookup)
    emitted = fold.advance()
    assert (emitted.observations, emitted.counts, emitted.aside) == ([], {}, [])
    assert fold.watermark is None
    assert (fold.open_decisions, fold.open_deliveries, fold.held_events) == (0, 0, 0)


def test_an_empty_push_changes_nothing():
    fold = Fold(lookup)
    fold.push([])
    fold.advance()
    assert fold.checkpoint() == Checkpoint(marks=(Mark(),))


def test_what_did_not_change_is_not_counted():
    fold = Fold(lookup)
    fold.push([decision(0, key_of(1))])
    assert fold.advance().counts["home"]["deliveries_open"] == 2
    fold.push([tick(1, 1)])
    assert fold.advance().counts == {}


def test_a_level_that_falls_to_zero_is_said():
    fold = Fold(lookup)
    fold.push([decision(0, key_of(1)), heard(1, key_of(1), "click", 1, "x")])
    assert fold.advance().counts["home"]["events_held"] == 1
    fold.push([tick(2, 4_000)])
    assert fold.advance().counts == {
        "home": {
            "deliveries_unshown": 2,
            "events_unseen": 1,
            "deliveries_open": 0,
            "events_held": 0,
        }
    }


def test_batches_come_by_name_and_number_and_rows_by_close_and_place_in_the_log():
    fold = Fold(lookup)
    keys = [key_of(1), key_of(2), key_of(3, "aside"), key_of(4, declaration=2)]
    entries = [decision(offset, key) for offset, key in enumerate(keys)]
    entries.append(heard(4, keys[1], "impression", 1, "x", place=1))
    fold.push([*entries, tick(5, 200_000)])
    batches = fold.advance().observations
    assert [(one.bandit, one.declaration) for one in batches] == [
        ("aside", 1),
        ("home", 1),
        ("home", 2),
    ]
    rows = [(row.decision_id, row.position) for row in batches[1].rows()]
    assert rows == [(keys[0], 0), (keys[0], 1), (keys[1], 0), (keys[1], 1)]
    assert batches[1].closed.tolist() == sorted(batches[1].closed.tolist())


def test_accepted_is_when_the_newest_event_that_counted_was_received():
    fold = Fold(lookup)
    key = key_of(1)
    fold.push(
        [
            decision(0, key),
            heard(1, key, "impression", 10, "i"),
            heard(2, key, "impression", 10, "j", place=1),
            heard(3, key, "click", 20, "k"),
            heard(4, key, "click", 30, "l"),
            heard(5, key, "click", 30, "l"),
            tick(6, 60_000),
        ]
    )
    (batch,) = fold.advance().observations
    assert batch.accepted.tolist() == [(T0_MS + 30) * MS, NO_TIME]


def test_columns_that_hold_lists_stay_whole():
    fold = Fold(lookup)
    same = {"eligible": ("a", "b"), "context": {"x": [1, 2]}}
    fold.push([decision(0, key_of(1), **same), decision(1, key_of(2), **same), tick(2, 60_000)])
    (batch,) = fold.advance().observations
    assert batch.eligible.tolist() == [("a", "b")] * 4
    assert batch.context.tolist() == [{"x": [1, 2]}] * 4


def test_the_watermark_is_the_least_of_the_partitions_and_waits_for_all_of_them():
    fold = Fold(lookup, partitions=2)
    fold.push([tick(0, 5_000)])
    fold.advance()
    assert fold.watermark is None
    fold.push([tick(0, 1_000, partition=1)])
    fold.advance()
    assert fold.watermark == Time((T0_MS + 1_000) * MS)


def test_the_low_water_is_the_first_record_of_the_oldest_open_decision():
    fold = Fold(lookup)
    slow, quick = key_of(1, declaration=2), key_of(2)
    fold.push([tick(3, 0), decision(4, quick), decision(5, slow), tick(9, 0)])
    fold.advance()
    assert fold.low_water == (4,)
    fold.push([tick(10, 60_001)])
    fold.advance()
    assert fold.low_water == (5,)
    fold.push([tick(11, 101_000)])
    fold.advance()
    assert fold.low_water == (12,)
    assert fold.open_decisions == 0


def test_an_event_before_its_decision_holds_the_low_water_too():
    fold = Fold(lookup)
    key = key_of(1)
    fold.push([tick(0, 0), heard(1, key, "impression", 0, "x"), tick(2, 0), decision(3, key)])
    fold.advance()
    assert fold.low_water == (1,)


def test_a_checkpoint_is_that_of_the_last_advance_not_of_the_last_push():
    fold = Fold(lookup)
    fold.push([decision(0, key_of(1))])
    assert fold.checkpoint() == Checkpoint()
    fold.advance()
    marks = fold.checkpoint().marks
    fold.push([tick(1, 60_000)])
    assert fold.checkpoint().marks == marks == (Mark(low=0, read=1, newest=T0_MS),)


def test_a_rebuilding_fold_gives_nothing_until_it_is_where_the_checkpoint_was():
    log = [decision(0, key_of(1)), heard(1, key_of(1), "impression", 10, "x"), tick(2, 500)]
    fold = Fold(lookup)
    fold.push(log)
    fold.advance()
    again = Fold(lookup, Checkpoint.from_bytes(fold.checkpoint().to_bytes()))
    again.push(log[:1])
    assert again.rebuilding
    assert again.advance().counts == {}
    again.push(log[1:])
    assert not again.rebuilding
    assert again.advance().counts == {"home": {"deliveries_open": 2, "events_held": 0}}
    again.push([tick(3, 60_000)])
    assert sum(map(len, again.advance().observations)) == 2


def test_a_checkpoint_of_another_log_is_refused():
    with pytest.raises(InvalidInput, match="2 partitions, got one of 1"):
        Fold(lookup, Checkpoint(marks=(Mark(),)), partitions=2)


def test_bytes_that_are_no_checkpoint_are_corrupt_and_none_are_the_beginning():
    assert Checkpoint.from_bytes(b"") == Checkpoint()
    with pytest.raises(Corrupt, match="cannot be read"):
        Checkpoint.from_bytes(b"{")
    with pytest.raises(Corrupt, match="version 2"):
        Checkpoint.from_bytes(b'{"marks":[],"watermark":null,"v":2}')


def test_all_poison_is_reported_with_its_place_and_counted():
    fold = Fold(lookup)
    bad = [Entry(0, offset, T0_MS, "", "event", b"{") for offset in range(150)]
    fold.push(bad)
    emitted = fold.advance()
    assert emitted.counts[""]["events_poison"] == 150
    assert [one.offset for one in emitted.aside] == list(range(150))
    assert all(one.reason and one.why is Aside.POISON for one in emitted.aside)
    assert fold.advance().aside == []


def test_a_bandit_that_nobody_declared_is_poison_under_no_name():
    fold = Fold(lambda _bandit, _number: None)
    fold.push([decision(0, key_of(1)), heard(1, key_of(1), "click", 1, "x")])
    emitted = fold.advance()
    assert emitted.counts[""] == {
        "decisions_read": 1,
        "decisions_poison": 1,
        "events_read": 1,
        "events_poison": 1,
        "deliveries_open": 0,
        "events_held": 0,
    }
    assert "no such bandit" in emitted.aside[0].reason


def test_a_bandit_declared_later_is_known_to_later_records():
    known: dict[tuple[str, int], Reward] = {}
    fold = Fold(lambda bandit, number: known.get((bandit, number)))
    fold.push([decision(0, key_of(1))])
    assert fold.advance().counts[""]["decisions_poison"] == 1
    known["home", 1] = SHORT
    fold.push([decision(1, key_of(2))])
    assert fold.advance().counts["home"]["decisions_accepted"] == 1


def test_a_delivery_that_was_moved_forward_is_given_once():
    """Its first date still stands in the calendar when it comes."""
    quick = Reward(
        anchor=Anchor.IMPRESSION,
        window=Duration(1 * S),
        impression_within=Duration(9 * S),
        lateness=Duration(0),
    )
    fold = Fold(lambda _bandit, _number: quick)
    fold.push([decision(0, key_of(1)), heard(1, key_of(1), "impression", 0, "x")])
    given = []
    for offset, at_ms in enumerate((1_000, 8_999, 9_000, 9_500, 10_000), start=2):
        fold.push([tick(offset, at_ms)])
        given.append(sum(map(len, fold.advance().observations)))
    assert given == [1, 0, 1, 0, 0]


def test_a_second_impression_moves_nothing():
    fold = Fold(lookup)
    fold.push([decision(0, key_of(1)), heard(1, key_of(1), "impression", 0, "x")])
    fold.push([heard(2, key_of(1), "impression", 2_000, "y"), tick(3, 4_000)])
    emitted = fold.advance()
    assert emitted.counts["home"]["events_repeat_impression"] == 1
    (batch,) = emitted.observations
    assert batch.shown.tolist() == [T0_MS * MS, NO_TIME]


def test_a_repeat_of_a_decision_is_known_until_its_time_is_poison():
    tiny = Reward(anchor=Anchor.DECISION, window=Duration(1), lateness=Duration(0))
    fold = Fold(lambda _bandit, _number: tiny)
    fold.push([decision(0, key_of(1)), tick(1, 60_000)])
    fold.advance()
    fold.push([decision(2, key_of(1), 60_000)])
    assert fold.advance().counts["home"]["decisions_duplicate"] == 1


def test_positions_are_forgotten_with_their_decision():
    """A place in the table that is used again does not remember odd positions."""
    fold = Fold(lookup)
    odd = Decision(decision_id=key_of(1), snapshot=1, deliveries=(Delivery(5, "a", 0.5, 0.1),))
    fold.push([Entry(0, 0, T0_MS, key_of(1), "decision", encode(odd)), tick(1, 100_000)])
    assert [list(one.position) for one in fold.advance().observations] == [[5]]
    later = key_of(2, at_ms=100_000)
    fold.push([decision(2, later, 100_000), heard(3, later, "impression", 100_000, "x")])
    assert fold.advance().counts["home"]["events_impression"] == 1


def test_a_log_whose_clock_falls_does_not_turn_the_watermark_back():
    fold = Fold(lookup)
    fold.push([tick(0, 5_000)])
    fold.advance()
    fold.push([tick(1, 1_000)])
    fold.advance()
    assert fold.watermark == Time((T0_MS + 5_000) * MS)


def test_what_is_known_is_asked_for_once():
    asked = []

    def ask(bandit: str, number: int) -> Reward | None:
        asked.append((bandit, number))
        return lookup(bandit, number)

    fold = Fold(ask)
    for number in range(5):
        fold.push([decision(number, key_of(number))])
        fold.advance()
    assert asked == [("home", 1)]


def test_nothing_is_held_once_nothing_can_come_and_places_are_used_again():
    """Law 5: streaming state is bounded by F."""
    fold = Fold(lookup)
    offset = 0
    for turn in range(40):
        at_ms = turn * 10_000
        keys = [
            decision_id("home", 1, uuid7(T0_MS + at_ms, bytes([turn, n] * 5))) for n in range(50)
        ]
        for key in keys:
            fold.push([decision(offset, key, at_ms), heard(offset + 1, key, "click", at_ms, "x")])
            offset += 2
        fold.advance()
        assert fold.open_decisions <= 50 * 7  # decisions are held for the clock skew of a minute
        assert fold.open_deliveries <= 100
    fold.push([tick(offset, 60_001 + 390_000)])
    fold.advance()
    assert (fold.open_decisions, fold.open_deliveries, fold.held_events) == (0, 0, 0)
    state = fold._state
    assert not state.funnels.index
    assert state.placing.waiting == len(state._last_moments) == state.settling.totals == 0
    assert len(state._early) == 0
    assert len(state.funnels.key) <= 1024
    assert len(state.placing.deliveries.open) <= 2048
