"""A linear belief that forgets for long, and sees one context only: nothing drifts, and doubt comes back."""

from __future__ import annotations

import numpy as np
import pytest

from tamesu.base import GRID, Declaration, Time
from tamesu.base.times import HOUR_US as HOUR
from tamesu.policy import Batch, compose

ARMS = ("a", "b", "c")
SEEN = np.array([1.0, 0.5, -2.0])
ACROSS = np.array([-0.125, 0.0, 0.0])
"""With a prior precision of (8, 1, 1, 1), of an arm: 1/8 + 1 (-1/8) = 0, so nothing of SEEN says anything of it."""


def policy_of(sharing):
    features = {"a": [1.0, -0.5], "b": [1.0, 0.5], "c": [1.0, 1.5]}
    return compose(
        Declaration.parse(
            {
                "name": "g",
                "arms": [{"id": arm, "features": {"f": features[arm]}} for arm in ARMS],
                "context": 3,
                "arm_features": {"f": {"type": "vector", "size": 2}},
                "interactions": [["x", "f"]],
                "seed": 1,
                "policy": {
                    "belief": {"kind": "linear", "sharing": sharing, "noise": 1.0, "mean": 0.0},
                    "forgetting": {"half_life": "1h"},
                },
            }
        )
    ), np.array([features[arm] for arm in ARMS])


@pytest.mark.parametrize("sharing", ["per_arm", "shared", "hybrid"])
@pytest.mark.parametrize(
    "updates",
    [100_000, pytest.param(10_000_000, marks=[pytest.mark.soak, pytest.mark.timeout(900)])],
)
def test_no_precision_becomes_indefinite_where_nothing_new_is_seen(sharing, updates):
    """A spell of any contexts, then one context for ever: a hundred half-lives and more."""
    policy, features = policy_of(sharing)
    rng = np.random.default_rng(0)
    state, step = policy.init(), updates // 100
    arms = np.array(ARMS, dtype=object)
    for hour in range(100):
        code = rng.integers(0, 3, step)
        several = rng.standard_normal((step, 3)) if hour < 5 else np.tile(SEEN, (step, 1))
        batch = Batch(
            arm=arms[code],
            reward=(rng.standard_normal(step) * GRID).astype(np.int64),
            position=np.zeros(step, np.int64),
            propensity=np.ones(step),
            decided=hour * HOUR + np.arange(step) * (HOUR // step),
            context=several,
            features=features[code],
        )
        state = policy.absorb(state, policy.evidence(state, batch))
    (part,) = state.parts
    for name in ("precision", "joint_precision"):
        sums = part.per_arm.get(name, part.shared.get(name))
        if sums is not None:
            # The least precision of a prior is 1.
            assert np.linalg.eigvalsh(sums + np.eye(sums.shape[-1])).min() > 1.0 - 1e-6
    (reading,) = policy._readings(state, ARMS, Time(100 * HOUR), None)
    seen, across = reading.at(SEEN).family, reading.at(ACROSS).family
    assert np.abs(seen.mean()).max() < 6.0 / np.sqrt(step / 3)
    assert seen.deviation().max() < 2.0 / np.sqrt(step / 3)
    if sharing == "per_arm":
        assert across.deviation() == pytest.approx(np.full(3, np.sqrt(1 / 8 + 1 / 64)), rel=1e-9)
    else:
        assert across.deviation().min() > 0.1
