"""The linear belief: ridge regression in any batching, coefficients by arm, shared or both; units and level."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from linear_rows import ARMS, NOW, D, at, batch_of, columns, policy_of, ridge_of, rows_of, taught

from tamesu.base import Bug, Time
from tamesu.base.times import HOUR_US as HOUR


@pytest.mark.parametrize("sharing", ["per_arm", "shared", "hybrid"])
def test_scores_are_those_of_one_large_ridge_regression(sharing):
    policy = policy_of(sharing, belief={"noise": 0.25, "ridge": 1.5, "mean": 0.0})
    arm, context, reward = rows_of(200)
    state = taught(policy, *[batch_of(arm[i::7], context[i::7], reward[i::7]) for i in range(7)])
    z = columns(policy, sharing, arm, context)
    precision = z.T @ z + ridge_of(sharing, 1.5)
    theta = np.linalg.solve(precision, z.T @ reward)
    for asked in np.random.default_rng(1).standard_normal((5, D)):
        found = at(policy, state, asked).family
        x = columns(policy, sharing, ARMS, np.tile(asked, (3, 1)))
        assert found.mean() == pytest.approx(x @ theta, rel=1e-10, abs=1e-12)
        variance = 0.25 * np.einsum("ij,ij->i", x, np.linalg.solve(precision, x.T).T)
        assert found.deviation() == pytest.approx(np.sqrt(variance), rel=1e-10)


@pytest.mark.parametrize("sharing", ["per_arm", "shared", "hybrid"])
@pytest.mark.parametrize("forgetting", [{}, {"forgetting": {"half_life": "1h"}}], ids=["", "fades"])
@given(
    cuts=st.lists(st.integers(0, 40), max_size=6),
    order=st.randoms(use_true_random=False),
    seed=st.integers(0, 1000),
)
def test_any_batching_and_any_order_is_the_same_regression(sharing, forgetting, cuts, order, seed):
    """To a relative 1e-10, forgetting or not; the condition is far below 10^4."""
    policy = policy_of(sharing, **forgetting)
    arm, context, reward = rows_of(40, seed)
    decided = np.random.default_rng(seed).integers(0, 40 * HOUR, 40)
    at_once = taught(policy, batch_of(arm, context, reward, decided))
    edges = [0, *sorted(cuts), 40]
    parts = [slice(*edge) for edge in itertools.pairwise(edges)]
    order.shuffle(parts)
    batches = [batch_of(arm[i], context[i], reward[i], decided[i]) for i in parts]
    one_by_one = taught(policy, *batches)
    evidence = [policy.evidence(policy.init(), batch) for batch in batches]
    added = policy.absorb(policy.init(), sum(evidence[1:], evidence[0]))
    time = Time(45 * HOUR)
    expected = at(policy, at_once, context[0], time=time)
    for state in (one_by_one, added):
        found = at(policy, state, context[0], time=time)
        assert found.family.mean() == pytest.approx(expected.family.mean(), rel=1e-10, abs=1e-10)
        assert found.family.scale == pytest.approx(expected.family.scale, rel=1e-10)
        assert found.observations.tolist() == expected.observations.tolist()
        assert found.weight == pytest.approx(expected.weight, rel=1e-12)


@pytest.mark.parametrize("sharing", ["per_arm", "shared", "hybrid"])
def test_condition_numbers_up_to_ten_thousand_cost_no_digit_of_ten(sharing):
    policy = policy_of(sharing, belief={"noise": 1.0, "ridge": 1e-3, "mean": 0.0})
    arm, context, reward = rows_of(300, seed=3)
    context *= np.array([1.0, 0.3, 0.1])
    z = columns(policy, sharing, arm, context)
    precision = z.T @ z + ridge_of(sharing, 1e-3)
    if (
        sharing != "hybrid"
    ):  # there a joint column is the sum of own ones: as far as the ridge lets it
        assert np.linalg.cond(precision) < 1e4
    theta = np.linalg.solve(precision, z.T @ reward)
    state = taught(policy, *[batch_of(arm[i::9], context[i::9], reward[i::9]) for i in range(9)])
    found = at(policy, state, context[0]).family.mean()
    expected = columns(policy, sharing, ARMS, np.tile(context[0], (3, 1))) @ theta
    rel = 1e-10 if sharing != "hybrid" else 1e-8
    assert found == pytest.approx(expected, rel=rel, abs=rel * np.abs(expected).max())


@pytest.mark.parametrize("sharing", ["per_arm", "shared", "hybrid"])
@pytest.mark.parametrize("forgetting", [{}, {"forgetting": {"half_life": "1h"}}], ids=["", "fades"])
def test_a_correction_is_the_difference_of_two_evidences(sharing, forgetting):
    policy = policy_of(sharing, **forgetting)
    arm, context, reward = rows_of(60, seed=5)
    decided = np.arange(60) * HOUR // 4
    truth = reward.copy()
    truth[::3] += 2.0
    state = taught(policy, batch_of(arm, context, reward, decided))
    i = slice(None, None, 3)
    wrong, right = (batch_of(arm[i], context[i], one[i], decided[i]) for one in (reward, truth))
    evidence = policy.evidence(state, right) - policy.evidence(state, wrong)
    by_sign = policy.evidence(
        state,
        batch_of(
            np.concatenate([arm[i], arm[i]]),
            np.concatenate([context[i], context[i]]),
            np.concatenate([reward[i], truth[i]]),
            np.concatenate([decided[i], decided[i]]),
            np.repeat([-1, 1], 20),
        ),
    )
    clean = at(policy, taught(policy, batch_of(arm, context, truth, decided)), context[1])
    for one in (evidence, by_sign):
        found = at(policy, policy.absorb(state, one), context[1])
        assert found.family.mean() == pytest.approx(clean.family.mean(), rel=1e-9, abs=1e-10)
        assert found.family.scale == pytest.approx(clean.family.scale, rel=1e-9)
        assert found.observations.tolist() == clean.observations.tolist()


@pytest.mark.parametrize("sharing", ["per_arm", "shared", "hybrid"])
def test_what_is_taken_back_whole_leaves_the_prior_without_a_trace(sharing):
    policy = policy_of(sharing)
    arm, context, reward = rows_of(50, seed=2)
    state = taught(policy, batch_of(arm, context, reward))
    state = taught(policy, batch_of(arm[::-1], context[::-1], reward[::-1], sign=-1), state=state)
    assert state == policy.init()
    with pytest.raises(Bug, match="taken back twice"):
        at(policy, taught(policy, batch_of(arm, context, reward, sign=-1)), context[0])


def test_an_observation_weighs_half_as_much_a_half_life_later():
    """Rows of different ages are rows with weights, and the prior does not fade."""
    belief = {"noise": 1.0, "ridge": 2.0, "intercept": 1.0, "mean": 0.0}
    policy = policy_of(belief=belief, forgetting={"half_life": "1h"})
    arm, context, reward = rows_of(90, seed=7, arms=("a",))
    decided = np.random.default_rng(7).integers(0, 20 * HOUR, 90)
    state = taught(
        policy, *[batch_of(arm[i::4], context[i::4], reward[i::4], decided[i::4]) for i in range(4)]
    )
    now = Time(21 * HOUR + 1234)
    weight = 2.0 ** ((decided - now) / HOUR)
    z = np.concatenate([np.ones((90, 1)), context], axis=1)
    precision = (z * weight[:, None]).T @ z + 2.0 * np.eye(1 + D)
    theta = np.linalg.solve(precision, z.T @ (weight * reward))
    found = at(policy, state, context[0], arms=("a", "b"), time=now)
    assert found.family.mean() == pytest.approx([z[0] @ theta, 0.0], rel=1e-8)
    variance = z[0] @ np.linalg.solve(precision, z[0])
    prior = (1.0 + context[0] @ context[0]) / 2.0
    assert found.family.deviation() ** 2 == pytest.approx([variance, prior], rel=1e-8)
    assert found.weight == pytest.approx([weight.sum(), 0.0], rel=1e-8)
    assert found.total_weight == pytest.approx(weight.sum(), rel=1e-8)
    assert found.observations.tolist() == [90, 0]


def test_what_is_older_than_floats_reach_is_forgotten_and_still_counted():
    policy = policy_of(forgetting={"half_life": "1h"})
    arm, context, reward = rows_of(30, seed=1)
    old = taught(policy, batch_of(arm, context, reward, 0))
    later = at(policy, old, context[0], time=Time(10**6 * HOUR))
    fresh = at(policy, policy.init(), context[0])
    assert later.family.mean() == pytest.approx(fresh.family.mean())
    assert later.total == 30
    both = taught(policy, batch_of(arm, context, reward, 10**6 * HOUR), state=old)
    alone = taught(policy, batch_of(arm, context, reward, 10**6 * HOUR))
    now = Time(10**6 * HOUR)
    assert at(policy, both, context[0], time=now).family.mean() == pytest.approx(
        at(policy, alone, context[0], time=now).family.mean(), rel=1e-12
    )


@pytest.mark.parametrize("sharing", ["per_arm", "shared", "hybrid"])
def test_rewards_in_other_units_make_the_same_decisions(sharing):
    """The noise is learnt from the rewards alone, so a thousand times the rewards are the same scores."""
    policy = policy_of(sharing)
    arm, context, reward = rows_of(80, seed=4)
    ids = [f"g.1.{i}" for i in range(50)]
    asked = np.random.default_rng(0).standard_normal((50, D))
    chosen = [
        policy.prepare(taught(policy, batch_of(arm, context, unit * reward)), ARMS, NOW)
        .choose_many(ids, contexts=asked)
        .propensities
        for unit in (1.0, 1024.0, 2.0**20)
    ]
    assert chosen[0] == pytest.approx(chosen[1])
    assert chosen[0] == pytest.approx(chosen[2])
    assert len(np.unique(chosen[0])) > 3


@pytest.mark.parametrize("sharing", ["per_arm", "shared", "hybrid"])
def test_rewards_and_their_expected_mean_may_be_shifted_together(sharing):
    near, far = (policy_of(sharing, belief={"mean": mean}) for mean in (0.0, 4096.0))
    arm, context, reward = rows_of(80, seed=4)
    one = at(near, taught(near, batch_of(arm, context, reward)), context[0]).family
    other = at(far, taught(far, batch_of(arm, context, reward + 4096.0)), context[0]).family
    assert other.mean() - 4096.0 == pytest.approx(one.mean(), abs=1e-9)
    assert other.scale == pytest.approx(one.scale, rel=1e-9)
    assert at(far, far.init(), context[0]).family.mean() == pytest.approx([4096.0] * 3)


@pytest.mark.parametrize("sharing", ["per_arm", "shared"])
def test_the_level_that_is_learnt_is_that_of_generalised_least_squares(sharing):
    """With V the covariance of rewards when the level is known: (1T V^-1 r) / (1T V^-1 1)."""
    policy = policy_of(sharing, belief={"noise": 1.0})
    arm, context, reward = rows_of(60, seed=9)
    reward += 50.0
    z = columns(policy, sharing, arm, context)
    prior = np.linalg.inv(ridge_of(sharing, 1.0))
    v = np.eye(60) + z @ prior @ z.T
    one = np.ones(60)
    level = (one @ np.linalg.solve(v, reward)) / (one @ np.linalg.solve(v, one))
    state = taught(policy, batch_of(arm, context, reward))
    x = columns(policy, sharing, ARMS, np.tile(context[0], (3, 1)))
    expected = level + x @ prior @ z.T @ np.linalg.solve(v, reward - level)
    assert at(policy, state, context[0]).family.mean() == pytest.approx(expected, rel=1e-10)
    assert abs(level - 50.0) < 1.0


@pytest.mark.parametrize("sharing", ["per_arm", "shared", "hybrid"])
def test_rewards_that_are_all_higher_make_the_same_decisions(sharing):
    policy = policy_of(sharing)
    arm, context, reward = rows_of(80, seed=4)
    near = at(policy, taught(policy, batch_of(arm, context, reward)), context[0]).family
    high = at(policy, taught(policy, batch_of(arm, context, reward + 4096.0)), context[0]).family
    assert high.mean() - 4096.0 == pytest.approx(near.mean(), abs=1e-8)
    assert high.scale == pytest.approx(near.scale, rel=1e-6)
