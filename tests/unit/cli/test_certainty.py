"""How sure a click rate is: against published values, by coverage, and at the edges."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tamesu.cli.demo.certainty import rise, wilson
from tamesu.cli.demo.record import Clicks

counts = st.integers(1, 10**6).flatmap(lambda n: st.builds(Clicks, st.just(n), st.integers(0, n)))


def test_the_interval_of_a_rate_is_the_published_one():
    # Newcombe 1998, "Two-sided confidence intervals for the single proportion", table 1, method 3.
    for clicks, deliveries, low, high in (
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ):
        found = wilson(Clicks(deliveries, clicks))
        assert found == pytest.approx((low, high), abs=5e-5)


def test_the_interval_of_a_difference_is_the_published_one():
    # Newcombe 1998, "Interval estimation for the difference between independent proportions",
    # table II, method 10: 56/70 - 48/80, and 9/10 - 3/10.
    for last, first, low, high in (
        (Clicks(70, 56), Clicks(80, 48), 0.0524, 0.3339),
        (Clicks(10, 9), Clicks(10, 3), 0.1705, 0.8090),
    ):
        assert rise(first, last).interval == pytest.approx((low, high), abs=5e-5)


@given(counts)
def test_an_interval_holds_its_rate_and_stays_between_0_and_1(observed):
    low, high = wilson(observed)
    assert 0 <= low <= observed.rate + 1e-12
    assert observed.rate - 1e-12 <= high <= 1


@given(counts, counts)
def test_a_fall_is_a_rise_seen_from_behind(first, last):
    there, back = rise(first, last), rise(last, first)
    assert there.difference == pytest.approx(-back.difference)
    assert there.interval == pytest.approx((-back.interval.high, -back.interval.low))
    assert there.probability == pytest.approx(1 - back.probability)


def test_nothing_seen_is_nothing_known():
    assert wilson(Clicks(0, 0)) == (0.0, 1.0)
    assert rise(Clicks(0, 0), Clicks(0, 0)).probability == 0.5


def test_the_probability_is_that_of_the_two_posteriors():
    g = np.random.default_rng(7)
    first, last = Clicks(20_000, 92), Clicks(20_000, 115)
    drawn = g.beta(1 + 115, 1 + 20_000 - 115, 200_000) > g.beta(1 + 92, 1 + 20_000 - 92, 200_000)
    # Ten standard errors of the simulation, plus what the normal form costs at this size.
    assert rise(first, last).probability == pytest.approx(drawn.mean(), abs=0.01)
