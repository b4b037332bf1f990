"""The rate of change: of sets, not of order; by time, not by how often somebody ranked."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tamesu.base import Time
from tamesu.base.times import DAY_US, HOUR_US, MINUTE_US, SECOND_US
from tamesu.experiment import STEPS, Spans, changed, rates, spans_of, top, turnovers

ARMS = tuple("abcdefgh")
RANKINGS = st.permutations(ARMS)
SETS = st.frozensets(st.sampled_from(ARMS))


@given(RANKINGS, st.integers(1, 10), st.randoms())
def test_order_inside_the_top_and_below_it_is_no_matter(ranking, k, random):
    first, rest = ranking[:k], ranking[k:]
    random.shuffle(first)
    random.shuffle(rest)
    assert changed(top(ranking, k), top([*first, *rest], k)) == 0


@given(SETS, SETS)
def test_it_is_the_same_both_ways_and_a_share(before, after):
    assert 0 <= changed(before, after) == changed(after, before) <= 1
    assert (changed(before, after) == 0) == (before == after)
    assert (changed(before, after) == 1) == (not before & after and before != after)


@given(RANKINGS, RANKINGS, st.integers(1, 8))
def test_it_is_the_share_of_newcomers_in_the_top(before, after, k):
    new = [arm for arm in after[:k] if arm not in before[:k]]
    assert changed(top(before, k), top(after, k)) == pytest.approx(len(new) / k, abs=1e-12)


def test_an_arm_more_or_less_than_k_is_a_change():
    assert changed(frozenset("a"), frozenset("ab")) == 0.5
    assert changed(frozenset(), frozenset("ab")) == 1
    assert changed(frozenset(), frozenset()) == 0


def test_a_window_has_the_mean_of_its_steps():
    """By hand: one place of two changes at one step of the second window, and stays so."""
    before, after = frozenset("ab"), frozenset("ac")
    tops = [before] * (STEPS + 5) + [after] * (2 * STEPS - 4)
    assert rates(tops) == [0.0, pytest.approx(0.5 / STEPS), 0.0]


def test_what_flaps_is_in_the_rate_and_what_went_for_good_in_the_turnover():
    one, other = frozenset("ab"), frozenset("ac")
    flapping = [one, other] * (STEPS // 2) + [one]
    assert (rates(flapping), turnovers(flapping)) == ([0.5], [0.0])
    gone = [one] * STEPS + [other]
    assert (rates(gone), turnovers(gone)) == ([pytest.approx(0.5 / STEPS)], [0.5])
    assert turnovers([None] * STEPS + [one]) == [None]
    assert turnovers([None, one, None, other] + [None] * (STEPS - 3)) == [0.5]


def test_pairs_without_a_ranking_count_nothing():
    one, other = frozenset("a"), frozenset("b")
    tops = [None] * (STEPS + 1) + [None] * (STEPS - 2) + [one, other]
    assert rates(tops) == [None, 1.0]
    assert rates([one]) == []


@given(
    st.lists(st.integers(0, 5000), min_size=1, max_size=60),
    st.integers(1, 5),
    st.integers(0, 4000),
)
def test_the_newest_at_a_moment_is_what_a_slow_look_finds(made, count, until):
    made = sorted(made)
    spans = Spans(Time(until), 400, count)
    assert len(spans.moments) == count * STEPS + 1
    assert spans.moments[0] == spans.since
    assert spans.moments[-1] == until
    for moment, place in zip(spans.moments, spans.newest(made), strict=True):
        by_then = [number for number, one in enumerate(made) if one <= moment]
        assert place == (by_then[-1] if by_then else None)


@pytest.mark.parametrize(
    ("period", "length"),
    [
        (MINUTE_US, 10 * SECOND_US),
        (DAY_US, HOUR_US),
        (DAY_US + 1, 3 * HOUR_US),
        (24 * DAY_US, DAY_US),
        (10_000 * DAY_US, 30 * DAY_US),
        (0, 10 * SECOND_US),
    ],
)
def test_windows_fill_a_period_with_a_nice_length(period, length):
    now = 20_000 * DAY_US + 12_345_678
    spans = spans_of(now - period, now, most=24)
    assert spans.length_us == length
    assert 1 <= spans.count <= 24
    assert now - spans.step_us < spans.until <= now
    assert spans.since <= now - min(period, 24 * length)


def test_ranking_twice_as_often_is_no_change_twice_as_slow():
    """Between two looks it is no matter how many rankings there were."""
    spans = Spans(Time(4000), 4000, 1)
    often = {moment: "ab"[moment // 1000 % 2] for moment in range(0, 4001, 10)}
    seldom = {moment: arm for moment, arm in often.items() if moment % 200 == 0}

    def rate(ranked):
        moments, arms = list(ranked), list(ranked.values())
        return rates([frozenset(arms[place]) for place in spans.newest(moments)])

    assert rate(often) == rate(seldom) == [pytest.approx(4 / STEPS)]
