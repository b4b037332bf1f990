"""What a context changes of arms: of a linear belief it adds up to the mean."""

import numpy as np
import pytest

from tamesu.base import Declaration, Time
from tamesu.policy import Batch, compose, explain
from tamesu.policy.explanation import MOST_EFFECTS

CONTEXT = {
    "device": {"type": "categorical", "values": ["ios", "web"]},
    "hour": {"type": "cyclic", "period": 24},
    "taste": {"type": "vector", "size": 2},
}


def learnt(sharing, arms=4, n=200):
    """A policy, and its state after some rewards."""
    declaration = Declaration.parse(
        {
            "name": "home",
            "arms": [{"id": f"arm-{i}", "features": {"size": i / arms}} for i in range(arms)],
            "context": CONTEXT,
            "arm_features": {"size": {"type": "numeric", "range": [0, 1]}},
            "interactions": [["device", "size"]],
            "policy": {"belief": {"kind": "linear", "sharing": sharing}},
            "seed": 1,
        }
    )
    policy, rng = compose(declaration), np.random.default_rng(3)
    rows = rng.integers(arms, size=n)
    contexts = rng.normal(size=(n, policy.encoder.width))
    batch = Batch(
        arm=np.array([f"arm-{row}" for row in rows], dtype=object),
        reward=((rng.random(n) < 0.5) * (1 << 20)).astype(np.int64),
        position=np.zeros(n, np.int64),
        propensity=np.ones(n),
        decided=np.zeros(n, np.int64),
        context=contexts,
        features=policy.encoder.arms([{"size": row / arms} for row in rows]),
    )
    return policy, policy.absorb(policy.init(), policy.evidence(policy.init(), batch))


def explained(policy, state, context, arms=None):
    arms = tuple(arms or policy.declaration.arm_ids)
    prepared = policy.prepare(state, arms, Time(0))
    columns = policy.encoder.context(context)
    choice = prepared.choose("home.1.x", None, columns)
    return explain(
        policy=policy,
        state=state,
        prepared=prepared,
        time=Time(0),
        decision_id="home.1.x",
        eligible=None,
        delivered=choice,
        context=columns,
    )


@pytest.mark.parametrize("sharing", ["per_arm", "shared", "hybrid"])
def test_base_and_effects_add_up_to_the_mean(sharing):
    policy, state = learnt(sharing)
    told = explained(policy, state, {"device": "web", "hour": 3, "taste": [2.0, -1.0]})
    assert told.same
    assert list(told.columns) == list(policy.encoder.names)
    assert told.columns["device=web"] == 1.0
    assert told.columns["taste[1]"] == -1.0
    for arm in told.arms:
        assert arm.base + sum(arm.effects.values()) == pytest.approx(arm.mean, rel=1e-9, abs=1e-12)
        sizes = [abs(effect) for effect in arm.effects.values()]
        assert sizes == sorted(sizes, reverse=True)
        assert set(arm.effects) <= set(told.columns)


def test_of_many_arms_the_first_are_told():
    policy, state = learnt("shared", arms=50)
    told = explained(policy, state, {"device": "web", "hour": 3, "taste": [0, 0]})
    assert [arm.effects is not None for arm in told.arms] == [True] * MOST_EFFECTS + [False] * 30
    assert told.arms[0].delivered == 0


def test_where_no_context_matters_nothing_is_told():
    policy = compose(Declaration.parse({"name": "home", "arms": ["a", "b"], "seed": 1}))
    prepared = policy.prepare(policy.init(), ("a", "b"), Time(0))
    told = explain(
        policy=policy,
        state=policy.init(),
        prepared=prepared,
        time=Time(0),
        decision_id="x",
        eligible=None,
        delivered=prepared.choose("x"),
    )
    assert told.columns is None
    assert {arm.effects for arm in told.arms} == {arm.base for arm in told.arms} == {None}
