"""The reward-delay curve, and the window that is suggested from it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tamesu.base.times import HOUR_US, MINUTE_US, SECOND_US
from tamesu.experiment import age_of, caught, suggested

EVENTS = st.lists(st.tuples(st.integers(0, 100), st.floats(0, 5)), min_size=1, max_size=30)


@given(EVENTS, st.lists(st.integers(0, 110), min_size=1, max_size=5))
def test_it_is_the_share_of_worth_below_each_age(events, at):
    ages, worth = (np.array(column) for column in zip(*events, strict=True))
    total = worth.sum()
    wanted = [worth[ages < one].sum() / total if total else 0 for one in at]
    assert caught(ages, worth, at) == pytest.approx(wanted, abs=1e-9)


def test_a_window_excludes_its_end():
    assert caught(np.array([10]), np.ones(1), [10, 11]) == [0, 1]


def test_the_shortest_window_that_catches_enough_is_suggested():
    """Exponential delays of mean a minute: 99 % within 4.6 minutes; five is the next nice length."""
    ages = np.random.default_rng(3).exponential(MINUTE_US, 5_000).astype(np.int64)
    assert suggested(ages, np.ones(5_000), HOUR_US) == 5 * MINUTE_US
    assert suggested(ages, np.ones(5_000), 2 * MINUTE_US) is None  # not followed for so long


def test_what_is_worth_more_counts_more():
    ages = np.array([SECOND_US // 2] * 99 + [HOUR_US // 2])
    assert suggested(ages, np.ones(100), HOUR_US) == SECOND_US
    assert suggested(ages, np.array([1.0] * 99 + [50.0]), HOUR_US) == HOUR_US


def test_few_events_suggest_nothing():
    assert suggested(np.zeros(99, np.int64), np.ones(99), HOUR_US) is None


@given(EVENTS.filter(lambda events: sum(worth for _, worth in events) > 1e-3), st.floats(0.01, 1))
def test_the_age_of_a_share_is_the_first_by_which_it_had_come(events, share):
    ages, worth = (np.array(column) for column in zip(*events, strict=True))
    age = age_of(ages, worth, share)
    assert caught(ages, worth, [age + 1])[0] >= share - 1e-9
    assert caught(ages, worth, [age])[0] < share + 1e-9
