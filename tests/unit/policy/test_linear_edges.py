"""The linear belief at its edges: clipped rewards, extreme contexts, joint draws, and what it refuses."""

from __future__ import annotations

import numpy as np
import pytest
from linear_rows import ARMS, NOW, D, at, batch_of, columns, policy_of, ridge_of, rows_of, taught

from tamesu import Bandit
from tamesu.base import Declaration, InvalidDeclaration
from tamesu.policy import Batch, compose
from tamesu.policy.uniforms import Uniforms, seed_key


def test_a_reward_is_clipped_and_counted_where_its_range_is_declared_alone():
    arm, context = np.array(["a", "a", "b"], dtype=object), np.ones((3, D))
    reward = np.array([5.0, 0.5, -3.0])
    free, tight = policy_of(), policy_of(reward={"range": [0, 1]})
    assert (
        at(free, taught(free, batch_of(arm, context, reward)), context[0]).clipped.tolist()
        == [0] * 3
    )
    clipped = taught(tight, batch_of(arm, context, reward))
    as_if = taught(tight, batch_of(arm, context, np.clip(reward, 0, 1)))
    found, expected = (at(tight, state, context[0]) for state in (clipped, as_if))
    assert found.clipped.tolist() == [1, 1, 0]
    assert found.family.mean().tolist() == expected.family.mean().tolist()
    back = taught(tight, batch_of(arm[:1], context[:1], reward[:1], sign=-1), state=clipped)
    assert at(tight, back, context[0]).clipped.tolist() == [0, 1, 0]


@pytest.mark.parametrize("sharing", ["per_arm", "shared", "hybrid"])
@pytest.mark.parametrize("size", [1e-300, 1e-150, 1.0, 1e9, 1e70, 1e150, 1e300])
@pytest.mark.parametrize("shape", ["one", "collinear", "constant", "zero", "mixed"])
def test_extreme_contexts_leave_every_number_finite(sharing, size, shape):
    policy = policy_of(sharing)
    rng = np.random.default_rng(8)
    n = 300
    context = {
        "one": np.eye(D)[np.arange(n) % D],
        "collinear": rng.standard_normal((n, 1)) * np.ones(D),
        "constant": np.ones((n, D)),
        "zero": np.zeros((n, D)),
        "mixed": rng.standard_normal((n, D)) * np.array([1.0, 1e-9, 1e9]) / 1e9,
    }[shape] * size
    arm, _, reward = rows_of(n, seed=8)
    state = taught(policy, *[batch_of(arm[i::3], context[i::3], reward[i::3]) for i in range(3)])
    for value in (*state.parts[0].per_arm.values(), *state.parts[0].shared.values()):
        assert np.isfinite(value).all()
    prepared = policy.prepare(state, ARMS, NOW)
    for asked in (context[0], np.zeros(D), np.full(D, -size), np.ones(D)):
        found = at(policy, state, asked)
        for number in (found.family.mean(), found.family.deviation(), found.family.scale):
            assert np.isfinite(number).all()
        assert (found.family.scale > 0).all()
        p = prepared.propensities(context=asked)
        assert np.isfinite(p).all()
        assert p.sum() == pytest.approx(1.0)


@pytest.mark.parametrize("sharing", ["shared", "hybrid"])
@pytest.mark.parametrize("noise", [0.25, "learnt"])
def test_joint_draws_have_the_covariance_of_the_posterior(sharing, noise):
    """Over 40,000 draws a correlation is known to .005; 6 deviations are a false alarm of 1e-8."""
    policy = policy_of(sharing, belief={"noise": noise, "noise_weight": 100.0})
    arm, context, reward = rows_of(12, seed=6)
    state = taught(policy, batch_of(arm, context, reward))
    found = at(policy, state, context[0])
    draws = found.joint(40_000, Uniforms(seed_key(3), "g.1.x"))
    assert draws.shape == (40_000, 3)
    z = columns(policy, sharing, arm, context)
    x = columns(policy, sharing, ARMS, np.tile(context[0], (3, 1)))
    covariance = x @ np.linalg.solve(z.T @ z + ridge_of(sharing, 1.0), x.T)
    deviation = found.family.deviation()
    apart = np.sqrt(np.diag(covariance))
    expected = covariance / np.outer(apart, apart) * np.outer(deviation, deviation)
    assert np.cov(draws.T) == pytest.approx(expected, abs=0.05 * expected.max())
    centre = (draws.mean(axis=0) - found.family.mean()) / deviation
    assert np.abs(centre).max() < 6 / 200
    # Arms do depend on each other.
    assert np.abs(np.corrcoef(draws.T)[~np.eye(3, dtype=bool)]).max() > 0.1


def test_shared_coefficients_need_something_that_tells_arms_apart():
    written = {"name": "g", "arms": ["a"], "context": 2}
    policy = {"belief": {"kind": "linear", "sharing": "shared"}}
    with pytest.raises(InvalidDeclaration, match=r"'shared' needs arm_features(.|\n)*per_arm"):
        compose(Declaration.parse({**written, "policy": policy}))


@pytest.mark.parametrize(
    ("belief", "says"),
    [
        ({"ridge": 0}, "policy.belief.ridge must lie between 1e-12 and 1e\\+12, got 0"),
        ({"ridge": float("inf")}, "policy.belief.ridge must lie"),
        ({"noise": -1}, "policy.belief.noise must lie"),
        ({"noise": "known"}, "noise"),
        (
            {"noise_weight": 2},
            "policy.belief.noise_weight must lie above 2 and be at most 1e\\+09, got 2",
        ),
        ({"sharing": "all"}, "sharing"),
        ({"intercept": 0}, "policy.belief.intercept must lie"),
        ({"mean": float("nan")}, "policy.belief.mean must lie"),
        ({"rigde": 1}, "did you mean 'ridge'"),
    ],
)
def test_options_that_cannot_be_are_refused_by_name(belief, says):
    with pytest.raises(InvalidDeclaration, match=says):
        policy_of(belief=belief)


def test_a_state_that_no_commit_could_write_is_refused_when_it_is_declared():
    arms = [f"arm-{i}" for i in range(9_999)]
    with pytest.raises(
        InvalidDeclaration, match=r"16,777,216 products(.|\n)*9,999 arms of 101 col"
    ):
        compose(
            Declaration.parse(
                {"name": "g", "arms": arms, "context": 100, "policy": {"belief": "linear"}}
            )
        )


def test_a_belief_that_keeps_no_products_may_have_as_many_columns():
    belief = {"kind": "logistic", "covariance": "diagonal"}
    arms = [f"arm-{i}" for i in range(1_000)]
    policy = compose(
        Declaration.parse({"name": "g", "arms": arms, "context": 500, "policy": {"belief": belief}})
    )
    assert policy.encoder.width == 500


@pytest.mark.parametrize("sharing", ["per_arm", "shared", "hybrid"])
def test_rewards_so_far_from_their_level_that_floats_blur_leave_a_doubt(sharing):
    """A deviation of 2^-10 around 2^40 is below what their squares can tell: the noise is not 0."""
    policy = policy_of(sharing)
    arm, context, reward = rows_of(80, seed=4)
    state = taught(policy, batch_of(arm, context, reward / 1024.0 + 2.0**40))
    found = at(policy, state, context[0]).family
    assert np.isfinite(found.mean()).all()
    assert found.scale.min() > 1.0


@pytest.mark.parametrize("sharing", ["per_arm", "shared", "hybrid"])
def test_no_arms_and_no_rows_are_none(sharing):
    policy = policy_of(sharing)
    state = policy.init()
    none = Batch(
        arm=np.array([], dtype=object),
        reward=np.zeros(0, np.int64),
        position=np.zeros(0, np.int64),
        propensity=np.zeros(0),
        decided=np.zeros(0, np.int64),
    )
    assert policy.absorb(state, policy.evidence(state, none)) == state
    arm, context, reward = rows_of(30)
    learnt = taught(policy, batch_of(arm, context, reward))
    for one in (state, learnt):
        assert len(at(policy, one, context[0], arms=())) == 0
        assert policy.summary(one, (), NOW) == []


@pytest.mark.parametrize("reward", [0.0, 1.0])
@pytest.mark.parametrize("sharing", ["per_arm", "hybrid"])
def test_rewards_that_were_all_alike_leave_doubt(reward, sharing):
    """Of a click a quarter of [0, 1] is expected: after n rewards no less of it than one in n + 1."""
    bandit = Bandit(arms=["a", "b"], context=2, belief={"kind": "linear", "sharing": sharing})
    contexts = np.random.default_rng(5).normal(size=(40, 2))
    bandit.learn_logged(["a", "b"] * 20, [reward] * 40, contexts=contexts)
    for row in bandit.summary():
        assert row.low < reward - 1e-3
        assert row.high > reward + 1e-3
        assert row.high - row.low < 0.2
