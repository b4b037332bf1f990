"""Rewards that come late: what is still open is not a failure."""

from __future__ import annotations

import numpy as np
import pytest
from chances import batch, belief_of, learnt, scores
from scipy import special

from tamesu.base import InvalidDeclaration

DAY = 86_400_000_000
NOW = 1_000 * DAY
WINDOW = {"window": "30d", "settle": "1m", "events": {"buy": 1}}


def delayed(rng, n, rate, mean, oldest):
    """n deliveries of arm a, of ages up to `oldest`: when each was decided, whether it had bought by now."""
    age = rng.random(n) * oldest
    late = rng.exponential(mean, n)
    buys = rng.random(n) < rate
    return NOW - age.astype(np.int64), buys, late, buys & (late <= age)


def rate_of(belief, state, now=NOW):
    """By the log-odds of arm a in the only context there is."""
    return special.expit(scores(belief, state, np.zeros(0), time=now)[0][0])


@pytest.mark.parametrize(
    ("rate", "covariance"), [(0.03, "full"), (0.2, "full"), (0.6, "full"), (0.2, "diagonal")]
)
def test_it_is_right_where_a_naive_belief_is_low_by_what_is_open(rate, covariance):
    """Ages are uniform on [0, 4 days], delays exponential with a mean of 2: E[exp(-age / 2)] = (1 - e^-2) / 2.

    So a naive belief learns rate (1 - .432). Of n = 400,000 deliveries the deviation of either estimate
    is below sqrt(rate / n) / .568, .5 % of a rate of .03; 3 % are 6 of them: false alarm below 1e-8.
    """
    mean, n = 2 * DAY, 400_000
    decided, _, _, bought = delayed(np.random.default_rng(3), n, rate, mean, 2 * mean)
    rows = batch(["a"] * n, np.zeros((n, 0)), bought, decided=decided)
    naive, told = (
        belief_of(context=None, reward=WINDOW, repeat=40, covariance=covariance, **delay)
        for delay in ({}, {"delay": "2d"})
    )
    open_share = (1.0 - np.exp(-2.0)) / 2.0
    assert rate_of(naive, learnt(naive, rows)) == pytest.approx(rate * (1 - open_share), rel=0.03)
    assert rate_of(told, learnt(told, rows)) == pytest.approx(rate, rel=0.03)


def test_it_is_right_while_conversions_come_in_as_corrections():
    """Twenty days of 2,000 deliveries, learnt at once as nothing, corrected on the day on which they buy.

    The deviation of the estimate of .1 out of 40,000, of which a tenth is open, is .0016; .012 is 7 of them.
    """
    rng, rate, mean = np.random.default_rng(5), 0.1, 2 * DAY
    belief = belief_of(context=None, reward=WINDOW, delay="2d")
    state = belief.init()
    decided = np.sort(NOW - rng.integers(0, 20 * DAY, 40_000))
    bought = np.where(rng.random(40_000) < rate, decided + rng.exponential(mean, 40_000), np.inf)
    for day in range(20):
        end = NOW - (19 - day) * DAY
        new = (decided > end - DAY) & (decided <= end)
        came = (bought > end - DAY) & (bought <= end)
        when = decided[came]
        rows = batch(
            ["a"] * new.sum(), np.zeros((new.sum(), 0)), decided[new] * 0, decided=decided[new]
        )
        twice, n = np.concatenate([when, when]), len(when)
        changed = batch(
            ["a"] * (2 * n),
            np.zeros((2 * n, 0)),
            np.repeat([0, 1], n),
            sign=np.repeat(np.array([-1, 1]), n),
            decided=twice,
        )
        state = learnt(belief, rows, changed, state=state)
    assert rate_of(belief, state) == pytest.approx(rate, abs=0.012)
    assert state.per_arm["observations"].tolist() == [40_000]


def test_what_is_open_closes_with_time_and_what_was_not_bought_is_a_failure():
    belief = belief_of(context=None, reward=WINDOW, delay="2d")
    n = 5_000
    decided, _, _, bought = delayed(np.random.default_rng(9), n, 0.3, 2 * DAY, 4 * DAY)
    state = learnt(belief, batch(["a"] * n, np.zeros((n, 0)), bought, decided=decided))
    rates = [rate_of(belief, state, NOW + days * DAY) for days in (0, 2, 5, 100)]
    assert rates == sorted(rates, reverse=True)
    # To first order: what was expanded at .3 is read at .18.
    assert rates[-1] == pytest.approx(bought.mean(), rel=0.15)


def test_what_is_open_adds_up_in_any_batches_and_is_taken_back():
    belief = belief_of(reward=WINDOW, delay="3d", forgetting={"half_life": "9d"}, repeat=0)
    rng = np.random.default_rng(11)
    decided = NOW - rng.integers(0, 20 * DAY, 60)
    whole = batch(
        rng.choice(["a", "b"], 60),
        rng.normal(size=(60, 3)),
        rng.integers(0, 2, 60),
        decided=decided,
    )
    none = belief.init()
    first, second = np.arange(60) < 25, np.arange(60) >= 25
    parts = [belief.evidence(none, whole.take(mask)) for mask in (first, second)]
    once, twice = belief.evidence(none, whole), parts[1] + parts[0]
    back = (once - parts[1]) - parts[0]
    for name, column in once.per_arm.items():
        assert twice.per_arm[name] == pytest.approx(column, rel=1e-12, abs=1e-12)
        assert back.column(name, once.arms) == pytest.approx(np.zeros_like(column), abs=1e-12)


@pytest.mark.parametrize(
    ("reward", "delay", "says"),
    [
        (WINDOW, "7d", "at most a fifth of the longest window, 6d, got 7d"),
        (WINDOW, "0s", "must lie above 0s"),
        (WINDOW, "2 days", "a number and a unit"),
    ],
)
def test_a_delay_that_cannot_be_is_refused(reward, delay, says):
    with pytest.raises(InvalidDeclaration, match=says):
        belief_of(reward=reward, delay=delay)
