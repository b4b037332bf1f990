"""A world of fixed rates, and what playing in it loses."""

from __future__ import annotations

import numpy as np
import pytest

from tamesu.base import InvalidInput, ShapeMismatch
from tamesu.sim import BernoulliWorld, evaluability, regret


def test_a_reward_is_one_with_its_arms_rate():
    world = BernoulliWorld([0.25, 0.5, 0.0, 1.0])
    uniforms = np.arange(0, 1, 1 / 64)
    for arm, rate in enumerate(world.rates):
        rewards = world.rewards(np.full(64, arm), uniforms)
        assert set(rewards.tolist()) <= {0.0, 1.0}
        assert rewards.mean() == rate


def test_gaps_are_what_each_arm_falls_short_of_the_best():
    assert BernoulliWorld([0.1, 0.4, 0.3]).gaps() == pytest.approx([0.3, 0, 0.1])


@pytest.mark.parametrize("rates", [[-0.1], [1.1], [float("nan")]])
def test_a_rate_is_a_probability(rates):
    with pytest.raises(InvalidInput, match="rates must lie in"):
        BernoulliWorld(rates)


@pytest.mark.parametrize("rates", [[], [[0.1, 0.2]]])
def test_rates_are_a_list(rates):
    with pytest.raises(ShapeMismatch):
        BernoulliWorld(rates)


def test_one_uniform_for_each_reward():
    with pytest.raises(ShapeMismatch):
        BernoulliWorld([0.1, 0.2]).rewards(np.array([0, 1]), np.array([0.5]))


def test_regret_adds_up_over_rounds():
    gaps = np.array([0.0, 0.1, 0.3])
    assert regret(gaps, np.array([2, 0, 1, 1])) == pytest.approx([0.3, 0.3, 0.4, 0.5])
    assert regret(gaps, np.array([[0, 0], [1, 1]])) == pytest.approx(np.array([[0, 0], [0.1, 0.2]]))


def test_evaluability_of_uniform_and_of_narrow_logs():
    gaps = np.array([0.0, 0.1, 0.1, 0.2])
    even = evaluability(gaps, np.full(4, 0.25))
    assert even == pytest.approx((0.25, 0.0, 1.0))
    narrow = evaluability(gaps, np.array([0.9, 0.1 - 1e-7, 1e-7, 0.0]))
    assert (narrow.best, narrow.never, narrow.effective) == (0.9, 0.5, 0.0)
    # Half the rows of an arm shown with .5, .5 / 3 each else: 16 / (2 + 3 * 6) = .8.
    assert evaluability(gaps, np.array([0.5, *[0.5 / 3] * 3])).effective == pytest.approx(0.8)
    with pytest.raises(ShapeMismatch):
        evaluability(gaps, np.full(3, 1 / 3))
