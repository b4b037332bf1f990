"""How often positions are looked at, recovered from logs whose policy leans on good arms."""

from __future__ import annotations

import numpy as np
import pytest

import tamesu
from tamesu.experiment import looked


def test_the_ratios_are_those_of_the_world_and_plain_rates_are_not():
    """Within five standard errors at two positions: a false alarm in a million. Seeded."""
    rates, looks = np.array([0.3, 0.2, 0.15, 0.1, 0.1, 0.05]), np.array([1, 0.5, 0.25])
    bandit = tamesu.Bandit(arms=range(6), layout="slate", size=3, seed=3, explore=0.3)
    rng, columns = np.random.default_rng(4), []
    for batch in range(10):
        made = bandit.decide_many(n=1500)
        clicks = rng.random((1500, 3)) < looks * rates[made.arms]
        bandit.learn_many(made, clicks.astype(float))
        place = np.tile(np.arange(3), 1500)
        number = np.repeat(np.arange(1500), 3) + 1500 * batch
        columns.append((number, place, made.propensities.ravel(), clicks.ravel()))
    decision, place, propensity, clicked = map(np.concatenate, zip(*columns, strict=True))
    order = rng.permutation(len(decision))
    told = looked(decision[order], place[order], propensity[order], clicked[order])
    plain = [clicked[place == i].mean() / clicked[place == 0].mean() for i in range(3)]
    for position in (1, 2):
        one = told[position]
        assert abs(one.ratio - looks[position]) < 5 * one.error
        assert 0 < one.effective < one.observed == 15_000
    assert plain[1] < 0.9 * looks[1]
    assert plain[2] < 0.8 * looks[2]


def test_what_is_below_something_unseen_is_left_out():
    told = looked(
        np.array([0, 0, 1, 2]),
        np.array([0, 1, 1, 0]),
        np.full(4, 0.5),
        np.array([True, True, True, False]),
    )
    assert [(one.observed, one.clicks) for one in told] == [(2, 1), (1, 1)]
    assert told[1].ratio == pytest.approx(2.0)


def test_without_rows_or_clicks_it_says_nothing():
    none = np.empty(0, np.int64)
    assert looked(none, none, np.empty(0), np.empty(0, np.bool_)) == []
    (one,) = looked(np.zeros(1, int), np.zeros(1, int), np.ones(1), np.zeros(1, bool))
    assert (one.ratio, one.error, one.effective) == (None, None, 1.0)
