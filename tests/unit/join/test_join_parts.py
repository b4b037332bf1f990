"""The pieces of the fold, each against the slow way of saying the same."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tamesu.base import (
    GRID,
    Aggregate,
    EventTerm,
    InvalidInput,
    Reward,
    Time,
    decision_id,
    parse_decision_id,
    uuid7,
)
from tamesu.base.counts import LEVELS
from tamesu.base.grid import to_grid
from tamesu.join import table
from tamesu.join.calendar import Calendar
from tamesu.join.chains import NOTHING, Chains, Placed
from tamesu.join.clauses import Clauses
from tamesu.join.keys import read_keys
from tamesu.join.moments import read_moments
from tamesu.join.pool import Pool
from tamesu.join.tally import NAMES, Tally
from tamesu.join.terms import rewards_along
from tamesu.join.totals import NO_TOTAL, Totals

DIGITS = st.text("0123456789", min_size=1, max_size=4)
NEAR_TIMES = st.one_of(
    st.integers(-62_135_596_800_000_000, 253_402_300_799_999_999).map(lambda us: Time(us).text()),
    st.builds(
        "{:04d}-{:02d}-{:02d}T{:02d}:{:02d}:{:02d}.{:06d}Z".format,
        st.sampled_from([0, 1, 1900, 1970, 2000, 2023, 2024, 2100, 9999]),
        st.integers(0, 13),
        st.integers(0, 32),
        st.integers(0, 25),
        st.sampled_from([0, 59, 60]),
        st.sampled_from([0, 59, 60]),
        st.sampled_from([0, 1, 999_999]),
    ),
    st.sampled_from(
        ["", "2026-11-22T10:00:00Z", "2026-11-22T10:00:00.000000z", "2026-11-22 10:00:00.000000Z"]
    ),
    st.text(max_size=30),
    st.text(alphabet="0123456789-:.TZ", min_size=27, max_size=27),
)


@given(st.lists(NEAR_TIMES, max_size=8))
def test_moments_that_are_read_are_what_base_parses(texts):
    times, read = read_moments(texts)
    for text, time, was_read in zip(texts, times.tolist(), read.tolist(), strict=True):
        if was_read:
            assert time == Time.parse(text)


@pytest.mark.parametrize(
    "day", ["2023-02-29", "1900-02-29", "2100-02-29", "2024-02-30", "2026-04-31"]
)
def test_days_that_never_were_are_not_read(day):
    assert not read_moments([f"{day}T00:00:00.000000Z"])[1].any()


@pytest.mark.parametrize("day", ["2024-02-29", "2000-02-29", "2024-12-31", "2023-03-01"])
def test_leap_days_are_read(day):
    text = f"{day}T00:00:00.000000Z"
    assert read_moments([text])[0].tolist() == [Time.parse(text)]


@given(st.integers(0, 253_402_300_799_999_999))
def test_moments_as_tamesu_writes_them_are_always_read(us):
    times, read = read_moments([Time(us).text()])
    assert read.all()
    assert times.tolist() == [us]


KEYS = st.one_of(
    st.builds(
        lambda name, number, ms, noise: decision_id(name, number, uuid7(ms, noise)),
        st.sampled_from(["home", "a", "home-1", "nobody", "Home", "-x"]),
        st.sampled_from([1, 2, 999_999_999, 1_000_000_000, 0]),
        st.integers(0, (1 << 48) - 1),
        st.binary(min_size=10, max_size=10),
    ),
    st.text(max_size=50),
)


@given(
    st.lists(
        st.tuples(KEYS, st.integers(0, 60), st.sampled_from(["keep", "", "0", "g", ".", "A", "é"])),
        max_size=8,
    )
)
def test_keys_are_read_as_base_parses_them(changed):
    """Also with one letter put in the place of another, or taken out."""
    keys = [
        key if letter == "keep" else key[:place] + letter + key[place + 1 :]
        for key, place, letter in changed
    ]
    clauses = Clauses(lambda name, _: None if name == "nobody" else Reward())
    numbers, decided = read_keys(keys, clauses)
    for key, number, time in zip(keys, numbers.tolist(), decided.tolist(), strict=True):
        try:
            place = parse_decision_id(key)
        except InvalidInput:
            assert number == -1
            continue
        if place.bandit == "nobody":
            assert number == -1
        else:
            assert clauses.names[number] == (place.bandit, place.declaration)
            assert time == place.decided


@pytest.mark.parametrize(
    ("place", "letter"), [(12, "4"), (16, "7"), (16, "c"), (3, "A"), (31, "g")]
)
def test_a_uuid_that_is_no_version_7_names_nothing(place, letter):
    uuid = uuid7(1_795_000_000_000, b"0123456789")
    clauses = Clauses(lambda _name, _number: Reward())
    assert read_keys([f"home.1.{uuid}"], clauses)[0].tolist() == [0]
    broken = f"home.1.{uuid[:place]}{letter}{uuid[place + 1 :]}"
    assert read_keys([broken], clauses)[0].tolist() == [-1]


@given(
    st.lists(st.tuples(st.integers(-3_000_000, 9_000_000), st.integers(0, 50)), max_size=60),
    st.lists(st.integers(-3_000_000, 9_000_000), min_size=1, max_size=6),
    st.integers(1, 7),
)
def test_a_calendar_gives_everything_due_and_nothing_early(dates, untils, pieces):
    calendar = Calendar(width_us=1_000_000)
    waiting: list[tuple[int, int]] = []
    for turn, until in enumerate(untils):
        mine = dates[turn * pieces : (turn + 1) * pieces]
        waiting += mine
        calendar.add(
            np.array([time for time, _ in mine], dtype=np.int64),
            np.array([item for _, item in mine], dtype=np.int64),
        )
        due = sorted(item for time, item in waiting if time <= until)
        waiting = [date for date in waiting if date[0] > until]
        assert sorted(calendar.due(until).tolist()) == due
        assert len(calendar) == len(waiting)


@given(st.lists(st.tuples(st.booleans(), st.lists(st.integers(0, 5), max_size=8)), max_size=12))
def test_chains_give_back_what_was_appended_owner_by_owner_in_order(steps):
    chains, heads = Chains(), np.full(6, NOTHING, dtype=np.int64)
    kept: dict[int, list[int]] = defaultdict(list)
    stamp = 0
    for append, owners in steps:
        if append:
            stamps = np.arange(stamp, stamp + len(owners), dtype=np.int64)
            stamp += len(owners)
            column = np.array(owners, dtype=np.int64)
            chains.append(
                heads, Placed(column, stamps, stamps, stamps, stamps, stamps, stamps * 1.0)
            )
            for owner, number in zip(owners, stamps.tolist(), strict=True):
                kept[owner].append(number)
        else:
            taken = chains.take(heads, np.array(sorted(set(owners)), dtype=np.int64))
            given_back: dict[int, list[int]] = defaultdict(list)
            for owner, number in zip(taken.owner.tolist(), taken.time.tolist(), strict=True):
                given_back[owner].append(number)
            expected = {owner: kept.pop(owner) for owner in set(owners) if owner in kept}
            assert given_back == expected
    assert len(chains) == sum(map(len, kept.values()))


@given(st.lists(st.integers(0, 9), max_size=20))
def test_a_pool_lends_each_place_to_one_at_a_time(sizes):
    pool, lent = Pool(), []
    most = 0
    for turn, size in enumerate(sizes):
        places = pool.take(size)
        assert len(places) == size
        lent.append(places)
        everything = np.concatenate(lent)
        assert len(set(everything.tolist())) == len(everything) == pool.lent
        most = max(most, len(everything))
        if turn % 3 == 2:
            pool.give(lent.pop(turn % len(lent)))
    assert pool.size <= most


VALUES = st.one_of(
    st.none(), st.floats(-(2.0**31), 2.0**31), st.sampled_from([0.5, 1 / GRID, 3e-7])
)
TERMS = st.builds(
    EventTerm,
    weight=st.floats(-(2.0**31), 2.0**31),
    aggregate=st.sampled_from(Aggregate),
    cap=st.one_of(st.none(), st.floats(1e-3, 2.0**31)),
)


@given(
    st.lists(TERMS, min_size=1, max_size=3),
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 2), VALUES), max_size=12),
    st.integers(0, 12),
    st.floats(-100, 100),
)
def test_rewards_are_the_sums_of_the_terms_in_exact_numbers_after_each_event(
    terms, events, cut, default
):
    """Also where what the first events came to is put down and taken up again."""
    reward = Reward(events={f"t{i}": term for i, term in enumerate(terms)}, default=default)
    events = [event for event in events if event[1] < len(terms)]
    heard = np.zeros(4, dtype=np.bool_)
    totals = np.zeros((2, 4, len(terms)), dtype=np.int64)
    done: list[tuple[int, int, float | None]] = []
    for part in (events[:cut], events[cut:]):
        part.sort(key=lambda event: event[0])
        owner = np.array([row for row, _, _ in part], dtype=np.int64)
        along = rewards_along(
            reward,
            heard=heard,
            high=totals[0],
            low=totals[1],
            owner=owner,
            term=np.array([place for _, place, _ in part], dtype=np.int64),
            value=np.array([value for _, _, value in part], dtype=np.float64),
        )
        for row in range(4):
            check_worth(reward, done, row, along, int(along.heads[row]))
        for (row, place, value), step in zip(part, along.steps.tolist(), strict=True):
            done.append((row, place, value))
            check_worth(reward, done, row, along, step)
        heard = heard | np.isin(np.arange(4), owner)
        totals = np.array([along.high, along.low])


def check_worth(reward, events, row, along, step):
    """One step of `along` is what the events of `row` come to by hand."""
    by_hand = []
    for place, term in enumerate(reward.events.values()):
        mine = [1.0 if value is None else value for r, p, value in events if (r, p) == (row, place)]
        aggregate = {
            Aggregate.ANY: float(bool(mine)),
            Aggregate.COUNT: float(len(mine)),
            Aggregate.SUM: sum(to_grid(value) for value in mine) / GRID,
            Aggregate.FIRST: mine[0] if mine else 0.0,
        }[term.aggregate]
        capped = aggregate if term.cap is None else min(aggregate, term.cap)
        by_hand.append(to_grid(term.weight * capped))
    assert [int(column[step]) for column in along.terms.values()] == by_hand
    counted = any(r == row for r, _, _ in events)
    assert along.reward[step] == (
        max(-(1 << 62), min(sum(by_hand), 1 << 62)) if counted else to_grid(reward.default)
    )


@given(st.integers(1, 5), st.lists(st.integers(0, 9), max_size=12))
def test_totals_lend_rows_that_nobody_else_has_and_keep_what_is_in_them(types, sizes):
    totals = Totals(types)
    lent: dict[int, int] = {}
    for turn, size in enumerate(sizes):
        rows = totals.take(size)
        totals.high[rows] = totals.low[rows] = turn
        assert not {*rows.tolist()} & {NO_TOTAL, *lent}
        lent |= dict.fromkeys(rows.tolist(), turn)
        if turn % 3 == 2:
            gone = [row for row, owner in lent.items() if owner % 2]
            totals.give(np.array([*gone, NO_TOTAL], dtype=np.int64))
            lent = {row: owner for row, owner in lent.items() if row not in gone}
        assert len(totals) == len(lent)
        assert not totals.high[NO_TOTAL].any()
        for row, owner in lent.items():
            assert totals.low[row].tolist() == totals.high[row].tolist() == [owner] * types


def test_a_tally_gives_what_was_counted_once():
    tally = Tally()
    tally.add("events_joined", np.array([1, 1, 3]))
    tally.add_many("deliveries_made", np.array([0, 1, 1]), np.array([5, 2, 2]))
    tally.add_one("events_poison", 4)
    assert tally.take() == {
        0: {"deliveries_made": 5},
        1: {"events_joined": 2, "deliveries_made": 4},
        3: {"events_joined": 1},
        4: {"events_poison": 1},
    }
    assert tally.take() == {}


def test_every_count_of_the_design_has_its_name():
    assert {*NAMES, *LEVELS} == {
        *("decisions_read", "decisions_accepted", "decisions_duplicate", "decisions_poison"),
        *("deliveries_made", "deliveries_observed", "deliveries_unshown"),
        *("deliveries_unexamined", "deliveries_open", "events_read", "events_poison"),
        *("events_duplicate", "events_too_old", "events_ignored_type", "events_late"),
        *("events_orphan", "events_impression", "events_repeat_impression", "events_unseen"),
        *("events_out_of_window", "events_joined", "events_held", "events_corrected"),
    }


@pytest.mark.parametrize("name", sorted({*NAMES, *LEVELS}))
def test_one_record_too_many_anywhere_is_a_difference_of_one(name):
    assert table({name: 1})["difference"] == 1
    assert table({})["difference"] == 0


def test_the_table_shows_every_class_and_the_difference():
    shown = table(
        {"decisions_read": 3, "decisions_accepted": 2, "events_read": 1, "events_held": 1}
    )
    assert shown["decisions"] == {"accepted": 2, "duplicate": 0, "poison": 0}
    assert shown["events"]["held"] == 1
    assert shown["difference"] == 1
