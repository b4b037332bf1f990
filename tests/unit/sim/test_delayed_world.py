"""A world whose rewards come later: how many, when, and what is seen of them meanwhile."""

from __future__ import annotations

import numpy as np
import pytest

from tamesu.base import InvalidInput, ShapeMismatch
from tamesu.base.times import MINUTE_US
from tamesu.sim import NEVER_US, DelayedWorld

ROWS = 40_000


def test_rewards_come_at_their_rate_and_after_an_exponential_delay():
    """Five standard errors of 40,000 draws each; false-alarm rate below 1e-6 a line."""
    world = DelayedWorld([0.3, 0.6], [MINUTE_US, 10 * MINUTE_US])
    rng = np.random.default_rng(1)
    for arm, (rate, mean) in enumerate([(0.3, 1), (0.6, 10)]):
        delays = world.delays_us(np.full(ROWS, arm), rng.random((ROWS, 2)))
        came = delays != NEVER_US
        assert came.mean() == pytest.approx(rate, abs=5 * np.sqrt(rate * (1 - rate) / ROWS))
        for age in (mean / 4, mean, 3 * mean):
            share = 1 - np.exp(-age / mean)
            within = (delays[came] <= age * MINUTE_US).mean()
            assert within == pytest.approx(share, abs=2.5 / np.sqrt(came.sum()))
            assert world.come(age * MINUTE_US)[arm] == pytest.approx(share)


def test_the_same_uniforms_are_the_same_delays_to_the_microsecond():
    world = DelayedWorld([0.5], MINUTE_US)
    assert world.delays_us(
        np.zeros(3, np.intp), np.array([[0.49, 0.5], [0.5, 0.5], [0.0, 0.0]])
    ).tolist() == [round(MINUTE_US * np.log(2)), NEVER_US, 0]


def test_an_oracle_sees_what_comes_within_the_window():
    world = DelayedWorld([0.2, 0.4], [MINUTE_US, 2 * MINUTE_US])
    assert world.within(2 * MINUTE_US).rates == pytest.approx(
        [0.2 * (1 - np.exp(-2)), 0.4 * (1 - np.exp(-1))]
    )


def test_so_far_thins_each_row_by_its_age_and_tells_the_truth_of_what_is_expected():
    world = DelayedWorld([0.8], MINUTE_US)
    seen = world.so_far(pace_us=MINUTE_US / 2, window_us=2 * MINUTE_US)
    arms = np.zeros((6, 1), np.intp)
    # Ages 3, 2.5, 2, 1.5, 1 and .5 minutes, of which more than the window add nothing.
    come = 0.8 * -np.expm1(-np.array([2, 2, 2, 1.5, 1, 0.5]))[:, None]
    assert seen.rewards(arms, come - 1e-9).tolist() == [[1.0]] * 6
    assert seen.rewards(arms, come + 1e-9).tolist() == [[0.0]] * 6
    assert seen.expected(arms) == pytest.approx(np.full((6, 1), 0.8 * -np.expm1(-2)))


@pytest.mark.parametrize(
    ("mean_us", "error"),
    [
        (0, InvalidInput),
        (-1.0, InvalidInput),
        ([1.0, np.nan], InvalidInput),
        (np.inf, InvalidInput),
        ([1.0], ShapeMismatch),
        ([1.0, 2.0, 3.0], ShapeMismatch),
    ],
)
def test_delays_that_cannot_be_are_refused(mean_us, error):
    with pytest.raises(error, match="mean_us"):
        DelayedWorld([0.1, 0.2], mean_us)


def test_uniforms_must_be_two_for_each_row():
    with pytest.raises(ShapeMismatch, match="uniforms must be"):
        DelayedWorld([0.1], 1.0).delays_us(np.zeros(2, np.intp), np.zeros(2))
