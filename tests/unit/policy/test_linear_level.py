"""The level of rewards that a linear belief learns: where it lies, and that it may lie anywhere."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tamesu.base import GRID, Declaration, Time
from tamesu.policy import Batch, compose

ARMS = ("a", "b", "c", "d")
D = 2
NOW = Time(0)


def policy_of(sharing="per_arm", **belief):
    arms = [{"id": arm, "features": {"f": [n, n % 2]}} for n, arm in enumerate(ARMS)]
    return compose(
        Declaration.parse(
            {
                "name": "level",
                "arms": arms,
                "context": D,
                "arm_features": {"f": {"type": "vector", "size": 2}},
                "seed": 1,
                "policy": {"belief": {"kind": "linear", "sharing": sharing, **belief}},
            }
        )
    )


def rows_of(n, seed=0, arms=3, offset=0.0):
    """n rows of the first `arms` arms; rewards on the grid."""
    rng = np.random.default_rng(seed)
    codes = rng.integers(0, arms, n)
    reward = np.rint((rng.normal(size=n) + codes + offset) * GRID).astype(np.int64)
    features = np.stack([codes, codes % 2], axis=1).astype(float)
    return codes, Batch(
        arm=np.array(ARMS, dtype=object)[codes],
        reward=reward,
        position=np.zeros(n, np.int64),
        propensity=np.ones(n),
        decided=np.zeros(n, np.int64),
        context=rng.normal(size=(n, D)),
        features=features,
    )


def at(policy, *batches, context=(0.5, -1.0)):
    state = policy.init()
    for batch in batches:
        state = policy.absorb(state, policy.evidence(state, batch))
    prepared = policy._readings(state, ARMS, NOW, None)
    return prepared[0].at(np.array(context)).family


@pytest.mark.parametrize("sharing", ["per_arm", "shared", "hybrid"])
@given(offset=st.integers(-4096, 4096), n=st.integers(1, 60), seed=st.integers(0, 99))
def test_rewards_higher_by_some_number_are_scores_higher_by_it(sharing, offset, n, seed):
    """Rewards of 10^3 squared have lost 6 digits of their 16; scores keep 8 at least."""
    policy = policy_of(sharing)
    here, there = (at(policy, rows_of(n, seed, offset=by)[1]) for by in (0.0, float(offset)))
    assert there.mean() - offset == pytest.approx(here.mean(), abs=1e-7)
    # Where nothing is left to explain, what is left is as much as squares of rewards are rounded.
    blur = 1e-7 * abs(offset)
    assert there.scale == pytest.approx(here.scale, rel=1e-6, abs=1e-6 + blur)


def test_the_level_is_that_of_the_mixed_model():
    """Brute force: rewards with covariance noise (I + z L^-1 zT by arm), one fixed effect, by Aitken."""
    policy = policy_of(noise=0.5, ridge=2.0, intercept=3.0)
    codes, batch = rows_of(50)
    z = np.concatenate([np.ones((50, 1)), batch.context], axis=1)
    prior = np.array([1 / 6.0, 0.5, 0.5])
    covariance = np.eye(50) + (z * prior) @ z.T * (codes[:, None] == codes)
    inverse = np.linalg.inv(covariance)
    reward = batch.reward / GRID
    level = inverse.sum(axis=0) @ reward / inverse.sum()
    found = at(policy, batch).mean()
    asked = np.array([1.0, 0.5, -1.0])
    for arm in range(3):
        mine = codes == arm
        a = z[mine].T @ z[mine] + np.diag(1 / prior)
        theta = np.linalg.solve(a, z[mine].T @ (reward[mine] - level))
        assert found[arm] == pytest.approx(level + asked @ theta, rel=1e-10)
    assert found[3] == pytest.approx(level, rel=1e-10)


def test_a_new_arm_stands_where_the_others_do_and_nothing_learnt_is_0():
    policy = policy_of()
    assert at(policy).mean() == pytest.approx([0.0] * 4)
    _, batch = rows_of(3000, arms=2, offset=50.0)
    *_, new = at(policy, batch, context=(0.0, 0.0)).mean()
    assert new == pytest.approx(50.5, abs=0.2)


def test_a_level_that_is_given_is_not_learnt():
    policy = policy_of(mean=7.0)
    _, batch = rows_of(500, offset=50.0)
    assert at(policy, batch).mean()[3] == pytest.approx(7.0)
    assert at(policy).mean() == pytest.approx([7.0] * 4)


@pytest.mark.parametrize("sharing", ["per_arm", "shared", "hybrid"])
def test_what_was_taken_back_leaves_no_level(sharing):
    policy = policy_of(sharing)
    _, batch = rows_of(20, offset=1000.0)
    state = policy.absorb(policy.init(), policy.evidence(policy.init(), batch))
    evidence = policy.evidence(state, batch)
    back = policy.absorb(state, evidence - evidence - evidence)
    (reading,) = policy._readings(back, ARMS, NOW, None)
    assert reading.at(np.zeros(D)).family.mean() == pytest.approx([0.0] * 4, abs=1e-9)
