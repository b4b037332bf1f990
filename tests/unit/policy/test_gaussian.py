"""The gaussian belief: its posterior, its bounds, its priors, and what it refuses."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from tamesu import Bandit
from tamesu.base import GRID, Declaration, InvalidDeclaration, Time
from tamesu.policy import Batch, compose

NOW = Time(0)


def policy_of(belief=None, reward=None, arms=("a", "b"), **more):
    return compose(
        Declaration.parse(
            {
                "name": "g",
                "arms": list(arms),
                "seed": 1,
                "policy": {"belief": belief or "gaussian", **more},
                "reward": {"range": [0, 10]} if reward is None else reward,
            }
        )
    )


def batch_of(rows, sign=None):
    n = len(rows)
    return Batch(
        arm=np.array([arm for arm, _ in rows], dtype=object),
        reward=np.array([reward for _, reward in rows], dtype=np.int64),
        position=np.zeros(n, np.int64),
        propensity=np.ones(n),
        decided=np.zeros(n, np.int64),
        sign=None if sign is None else np.full(n, sign),
    )


def taught(policy, rows, sign=None, state=None):
    state = policy.init() if state is None else state
    return policy.absorb(state, policy.evidence(state, batch_of(rows, sign)))


def on_grid(*rewards):
    return [("a", round(reward * GRID)) for reward in rewards]


def rows_of(policy, state):
    return policy.summary(state, ("a", "b"), NOW)


def test_the_posterior_is_the_textbook_one():
    """Worked out row by row: each observation a conjugate update of its own."""
    rewards = [2.0, 7.5, 3.25, 9.0, 5.0]
    mean, kappa, a, b = 4.0, 2.0, 3.0, 1.5
    for r in rewards:
        b += kappa * (r - mean) ** 2 / (2 * (kappa + 1))
        mean = (kappa * mean + r) / (kappa + 1)
        kappa, a = kappa + 1, a + 0.5
    prior = {"mean": 4, "kappa": 2, "a": 3, "b": 1.5}
    policy = policy_of({"kind": "gaussian", "prior": prior})
    row = rows_of(policy, taught(policy, on_grid(*rewards)))[0]
    golden = stats.t(2 * a, mean, math.sqrt(b / (a * kappa)))
    assert row.mean == pytest.approx(mean, rel=1e-14)
    assert (row.low, row.high) == pytest.approx((golden.ppf(0.025), golden.ppf(0.975)), rel=1e-12)
    assert row.observations == 5


def test_the_prior_follows_from_the_bounds_of_the_rewards():
    row = rows_of(policy_of(), policy_of().init())[0]
    golden = stats.t(4, 5, 2.5 / math.sqrt(2))
    assert (row.mean, row.low, row.high) == pytest.approx((5, golden.ppf(0.025), golden.ppf(0.975)))


def test_bounds_that_follow_from_weights_are_enough():
    reward = {"events": {"buy": {"weight": 2, "aggregate": "count", "cap": 5}}}
    assert policy_of(reward=reward).bounds == (0.0, 10.0)


def test_what_lies_outside_is_learnt_as_the_bound_and_counted():
    policy = policy_of()
    clipped = rows_of(policy, taught(policy, on_grid(-3, 12, 1e12, 5)))[0]
    within = rows_of(policy, taught(policy, on_grid(0, 10, 10, 5)))[0]
    assert (clipped.clipped, within.clipped) == (3, 0)
    assert (clipped.mean, clipped.low, clipped.high) == (within.mean, within.low, within.high)


def test_a_correction_of_a_clipped_reward_takes_back_what_was_learnt():
    policy = policy_of()
    state = taught(policy, on_grid(12, 5))
    state = taught(policy, on_grid(12), sign=-1, state=state)
    state = taught(policy, on_grid(7), state=state)
    assert policy.encode(state) == policy.encode(taught(policy, on_grid(7, 5)))


def test_without_bounds_nothing_is_clipped_and_a_prior_must_say_what_to_expect():
    reward = {"events": {"pay": {"weight": 1, "aggregate": "sum"}}}
    with pytest.raises(InvalidDeclaration, match=r"must say mean(.|\n)*range: \[0, 50\]"):
        policy_of(reward=reward)
    with pytest.raises(InvalidDeclaration, match="must say b"):
        policy_of({"kind": "gaussian", "prior": {"mean": 3}}, reward)
    policy = policy_of({"kind": "gaussian", "prior": {"mean": 3, "b": 1}}, reward)
    row = rows_of(policy, taught(policy, on_grid(1e6)))[0]
    assert (row.clipped, row.mean) == (0, pytest.approx(500_001.5))


def test_priors_of_single_arms_take_the_rest_from_the_common_one():
    belief = {"kind": "gaussian", "prior": {"kappa": 9}, "priors": {"b": {"mean": 8}}}
    policy = policy_of(belief)
    a, b = rows_of(policy, policy.init())
    assert (a.mean, b.mean) == (5, 8)
    assert b.high - b.low == pytest.approx(a.high - a.low)
    assert a.high - a.low < 4  # 10 with a kappa of 1


@pytest.mark.parametrize(
    ("belief", "message"),
    [
        ({"prior": {"mean": 11}}, "prior.mean must lie between 0 and 10, got 11"),
        ({"prior": {"kappa": 0}}, "prior.kappa must lie"),
        ({"prior": {"a": 0.5}}, "prior.a must lie between 1"),
        ({"prior": {"b": float("nan")}}, "prior.b must lie"),
        ({"prior": {"b": 0}}, "prior.b must lie"),
        ({"prior": {"sd": 1}}, "unknown field 'sd'"),
        ({"priors": {"c": {"mean": 1}}}, "priors must name declared arms, got 'c'"),
        ({"priors": {"a": {"mean": -1}}}, "priors.a.mean must lie"),
    ],
)
def test_a_prior_that_cannot_be_is_refused(belief, message):
    with pytest.raises(InvalidDeclaration, match=message):
        policy_of({"kind": "gaussian", **belief})


def test_a_beta_belief_refuses_a_range_that_is_not_its_own():
    with pytest.raises(InvalidDeclaration, match=r"reward.range is \[0, 5\](.|\n)*gaussian"):
        policy_of("beta", {"range": [0, 5]})
    assert policy_of("beta", {"range": [0, 1]}).bounds is None


grid = st.one_of(st.integers(-3 * GRID, 13 * GRID), st.integers(-(1 << 62), 1 << 62))
rows = st.lists(st.tuples(st.sampled_from("ab"), grid), max_size=30)
wide = {"kind": "gaussian", "prior": {"mean": 0, "b": 1}}
unbounded = {"events": {"pay": {"weight": 1, "aggregate": "sum"}}}


@given(rows, st.integers(0, 30), st.randoms(use_true_random=False), st.booleans())
def test_any_order_and_batching_give_the_same_bits(rows, cut, random, bounded):
    policy = policy_of() if bounded else policy_of(wide, unbounded)
    turned = random.sample(rows, len(rows))
    one = policy.encode(taught(policy, rows))
    state = taught(policy, turned[cut:], state=taught(policy, turned[:cut]))
    assert policy.encode(state) == one
    assert policy.encode(policy.decode(one)) == one
    assert policy.encode(taught(policy, rows, sign=-1, state=state)) == policy.encode(policy.init())


@given(rows)
def test_the_noise_is_never_thought_smaller_than_the_prior_allows(rows):
    """b only grows, so the interval is no narrower than with rewards that are all the mean."""
    policy = policy_of()
    for row in rows_of(policy, taught(policy, rows)):
        n = row.observations
        least = stats.t(4 + n, 0, 2.5 / math.sqrt((2 + n / 2) * (1 + n)))
        assert row.high - row.low >= 2 * least.ppf(0.975) * (1 - 1e-9)
        assert 0 <= row.mean <= 10


def test_far_from_zero_nothing_cancels():
    """A million and a bit, with a noise of a thousandth: the scatter is known to the last digits."""
    rng = np.random.default_rng(3)
    rewards = np.round((1e6 + rng.normal(0, 1e-3, 1000)) * GRID).astype(np.int64)
    policy = policy_of({"kind": "gaussian", "prior": {"mean": 1e6, "b": 1e-12}}, unbounded)
    row = rows_of(policy, taught(policy, [("a", int(r)) for r in rewards]))[0]
    values = (rewards - round(1e6 * GRID)) / GRID
    n, average = len(values), values.mean()
    b = 1e-12 + 0.5 * ((values - average) ** 2).sum() + 0.5 * n / (1 + n) * average**2
    golden = stats.t(4 + n, 0, math.sqrt(b / ((2 + n / 2) * (1 + n))))
    assert row.high - row.low == pytest.approx(2 * golden.ppf(0.975), rel=1e-6)


def test_a_bandit_in_memory_learns_any_rewards_and_is_saved():
    bandit = Bandit(arms=["a", "b"], belief="gaussian", reward={"range": [0, 50]}, seed=3)
    rng = np.random.default_rng(5)
    for _ in range(10):
        d = bandit.decide_many(n=50)
        means = np.where(d.arms == "b", 30.0, 20.0)
        bandit.learn_many(d, rng.normal(means, 4.0))
    assert bandit.summary()[1].share > 0.99
    again = Bandit.from_bytes(bandit.to_bytes())
    assert again.summary() == bandit.summary()
    assert again.decide() == bandit.decide()


def test_in_memory_the_default_click_is_no_range():
    with pytest.raises(InvalidDeclaration, match=r"reward says nothing(.|\n)*range"):
        Bandit(arms=["a", "b"], belief="gaussian")
