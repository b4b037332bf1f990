"""The clauses of a reward: which hold together, what they bound, and what they can add up to."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tamesu.base import (
    Aggregate,
    Anchor,
    Declaration,
    Duration,
    EventTerm,
    InvalidDeclaration,
    Time,
)

lengths = st.integers(1, 366 * 86_400 * 10**6)


def reward_of(layout="single", **clauses):
    data = {"name": "a", "arms": ["x", "y", "z"], "layout": layout, "reward": clauses}
    return Declaration.parse(data).reward


@given(lengths, lengths, lengths, st.integers(0, 1 << 50))
def test_the_last_moment_is_the_sum_of_the_clauses(window, within, lateness, decided):
    texts = {"window": Duration(window).text(), "lateness": Duration(lateness).text()}
    by_decision = reward_of(anchor="decision", **texts)
    assert by_decision.last_moment(Time(decided)) == decided + window + lateness
    within_text = Duration(within).text()
    shown = reward_of(anchor="impression", impression_within=within_text, **texts)
    assert shown.last_moment(Time(decided)) == decided + within + window + lateness


@pytest.mark.parametrize(
    ("layout", "anchor"),
    [("single", "decision"), ("slate", "impression")],
)
def test_the_layout_chooses_the_anchor_where_the_team_does_not(layout, anchor):
    assert reward_of(layout).anchor is Anchor(anchor)
    assert reward_of(layout, anchor="decision").anchor is Anchor.DECISION


def test_impressions_may_come_as_long_as_the_window_unless_said_otherwise():
    reward = reward_of("slate", window="3s")
    assert reward.impression_within == reward.window == reward.settle == 3_000_000
    assert reward_of("slate", window="3s", impression_within="1s").within_us == 1_000_000
    assert reward_of(window="3s").within_us == 0


def test_settling_is_early_by_default_where_the_window_is_longer_than_a_minute():
    assert reward_of(window="1h").settle == 60_000_000
    assert reward_of(window="1h").settles_early
    assert not reward_of(window="1m").settles_early
    assert not reward_of(window="1h", settle="1h").settles_early
    assert reward_of(window="1h", settle="0s").settle_us == 0


def test_the_longest_window_of_a_type_bounds_everything():
    events = {"click": 1, "buy": {"weight": 2, "within": "7d"}}
    longer = reward_of(events=events, window="1h", lateness="10s")
    assert longer.longest_us == 7 * 86_400 * 10**6
    assert longer.last_moment(Time(0)) == longer.longest_us + 10_000_000
    assert reward_of(events=events, window="1h", settle="7d").settle == longer.longest_us
    only = {"click": {"weight": 1, "within": "10s"}}
    assert reward_of(events=only, window="1h").settle == 10_000_000


def test_a_session_is_written_as_a_gap_and_a_cap():
    session = reward_of(window={"gap": "30m", "cap": "4h"})
    assert (session.gap, session.window) == (1_800_000_000, 14_400_000_000)
    assert session.longest_us == session.window
    assert reward_of("slate", window={"gap": "30m", "cap": "4h"}).within_us == session.window
    assert reward_of(window="4h").gap is None


@pytest.mark.parametrize(
    "clauses",
    [
        {"window": {"gap": "30m", "cap": "4h"}, "settle": "30s"},
        {"events": {"click": 0.5, "buy": {"weight": 1, "within": "7d"}}, "unseen": "drop"},
        {"anchor": "impression", "unseen": "imply", "impression_within": "1m"},
    ],
)
def test_what_a_reward_spells_out_reads_back(clauses):
    data = {"name": "a", "arms": ["x"], "reward": clauses}
    declaration = Declaration.parse(data)
    assert Declaration.parse(declaration.plain()) == declaration
    assert "gap" not in declaration.plain()["reward"]


@pytest.mark.parametrize(
    ("clauses", "says"),
    [
        ({"window": "0s"}, "reward.window must lie between 1us and 366d, got 0s"),
        ({"window": "367d"}, "reward.window must lie between 1us and 366d, got 367d"),
        ({"lateness": "367d"}, "reward.lateness must lie between 0s and 366d"),
        ({"late": "367d"}, "reward.late must lie between 0s and 366d"),
        ({"impression_within": "0s"}, "reward.impression_within must lie between"),
        (
            {"settle": "901s"},
            r"settle must lie between 0s and the longest window \(15m\), got 901s",
        ),
        ({"settle": "-1s"}, "a duration must be a number and a unit"),
        ({"impression_within": "1m"}, "impression_within needs reward.anchor: impression"),
        ({"events": {}}, "must name at least one event type"),
        ({"events": {"impression": 1}}, "must not hold 'impression'"),
        ({"events": {"": 1}}, "1 to 64 printable characters"),
        ({"events": {"a" * 65: 1}}, "1 to 64 printable characters"),
        ({"events": {"a\n": 1}}, "1 to 64 printable characters"),
        ({"events": {"click": math.inf}}, "click.weight must be finite"),
        ({"events": {"click": math.nan}}, "click.weight must be finite"),
        ({"events": {"click": 2.0**31 + 1}}, "click.weight must be finite"),
        ({"events": {"click": {"weight": 1, "cap": 0}}}, "click.cap must be above 0"),
        ({"events": {"click": {"weight": 1, "cap": -1}}}, "click.cap must be above 0"),
        ({"events": {"click": {"weight": 1, "cap": math.inf}}}, "click.cap must be finite"),
        ({"default": math.nan}, "reward.default must be finite"),
        ({"events": {"click": {"weight": 1, "within": "0s"}}}, "click.within must lie between 1us"),
        (
            {"events": {"click": {"weight": 1, "within": "367d"}}},
            "click.within must lie between 1us",
        ),
        ({"range": [1, 0]}, r"range must be \[least, greatest\]"),
        ({"range": [0, 1, 2]}, "range"),
        ({"ranges": [0, 1]}, "'ranges' in the declaration.reward"),
        ({"unseen": "imply"}, "unseen: imply needs reward.anchor: impression"),
        (
            {"unseen": "perhaps"},
            "the declaration.reward.unseen must be one of 'drop', 'imply', got 'perhaps'",
        ),
        (
            {"events": {"click": {"weight": 1, "aggregate": "cuont"}}},
            r"click.aggregate must be one of (.|\n)*did you mean 'count'",
        ),
        ({"events": {"click": True}}, "bool"),
        ({"events": [1]}, "object"),
        ({"window": 900}, "a duration must be"),
        ({"window": {"gap": "1m"}}, "cap"),
        ({"window": {"gap": "1m", "cup": "1h"}}, "cup"),
        (
            {"window": {"gap": "2h", "cap": "1h"}},
            r"gap must not be longer than its cap \(1h\), got 2h",
        ),
        ({"window": {"gap": "0s", "cap": "1h"}}, "reward.window.gap must lie between 1us"),
        ({"gap": "1m"}, "unknown field 'gap'"),
    ],
)
def test_clauses_that_cannot_hold_are_refused_by_name(clauses, says):
    with pytest.raises(InvalidDeclaration, match=says):
        reward_of(**clauses)


def test_every_type_is_known_impressions_first():
    assert reward_of(events={"click": 1, "buy": 2}).types == ("impression", "click", "buy")


@pytest.mark.parametrize(
    ("clauses", "possible"),
    [
        ({}, {0.0, 1.0}),
        ({"events": {"a": 1, "b": 2}}, {0.0, 1.0, 2.0, 3.0}),
        ({"events": {"a": 0}}, {0.0}),
        ({"events": {"a": {"weight": 1, "cap": 0.5}}}, {0.0, 0.5}),
        ({"events": {"a": {"weight": 0.5, "aggregate": "count", "cap": 2}}}, {0.0, 0.5, 1.0}),
        ({"events": {"a": {"weight": 1, "aggregate": "count", "cap": 1.5}}}, {0.0, 1.0, 1.5}),
        ({"events": {"a": {"weight": 1, "aggregate": "count"}}}, None),
        ({"events": {"a": {"weight": 1, "aggregate": "sum", "cap": 1}}}, None),
        ({"events": {"a": {"weight": 1, "aggregate": "first"}}}, None),
        ({"default": -1.0}, {0.0, 1.0, -1.0}),
    ],
)
def test_possible_rewards_are_listed_where_they_can_be(clauses, possible):
    found = reward_of(**clauses).possible()
    assert found == (None if possible is None else frozenset(possible))


def test_too_many_possible_rewards_are_not_listed():
    events = {f"e{i}": 2.0**i for i in range(20)}
    assert reward_of(events=events).possible() is None


term = st.builds(
    EventTerm,
    weight=st.sampled_from([0.0, 0.5, 1.0, -1.0]),
    aggregate=st.sampled_from([Aggregate.ANY, Aggregate.COUNT]),
    cap=st.sampled_from([None, 0.5, 1.0, 2.0, 3.0]),
)


@given(st.dictionaries(st.sampled_from("abc"), term, min_size=1), st.data())
def test_no_reward_outside_the_listed_ones_can_be_made(events, data):
    clauses = {
        name: {"weight": t.weight, "aggregate": t.aggregate.value, "cap": t.cap}
        for name, t in events.items()
    }
    possible = reward_of(events=clauses).possible()
    counts = {name: data.draw(st.integers(0, 5)) for name in events}
    total = 0.0
    for name, t in events.items():
        aggregate = float(counts[name] if t.aggregate is Aggregate.COUNT else counts[name] > 0)
        total += t.weight * (aggregate if t.cap is None else min(t.cap, aggregate))
    assert possible is None or total in possible


@pytest.mark.parametrize(
    ("clauses", "bounds"),
    [
        ({}, (0.0, 1.0)),
        ({"events": {"click": 2, "hide": -1}}, (-1.0, 2.0)),
        ({"events": {"click": {"weight": 0.5, "aggregate": "count", "cap": 4}}}, (0.0, 2.0)),
        ({"events": {"click": 1}, "default": -0.25}, (-0.25, 1.0)),
        ({"events": {"click": {"weight": 1, "aggregate": "count"}}}, None),
        ({"events": {"buy": {"weight": 1, "aggregate": "sum", "cap": 9}}}, None),
        ({"events": {"buy": {"weight": 1, "aggregate": "sum"}}, "range": [0, 50]}, (0.0, 50.0)),
    ],
)
def test_bounds_follow_from_weights_and_caps_or_are_declared(clauses, bounds):
    assert (
        Declaration.parse({"name": "x", "arms": ["a"], "reward": clauses}).reward.bounds() == bounds
    )
