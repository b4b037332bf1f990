"""Linear bandits for tests: three arms with features, rows to learn, and the one large regression they are."""

from __future__ import annotations

import numpy as np

from tamesu.base import GRID, Declaration, Time
from tamesu.policy import Batch, compose

NOW = Time(0)
ARMS = ("a", "b", "c")
FEATURES = {"a": {"f": [1.0, 0.5]}, "b": {"f": [-0.5, 2.0]}, "c": {"f": [0.25, -1.0]}}
D, A = 3, 2


def policy_of(sharing="per_arm", reward=None, explorer="randomized_ucb", arms=ARMS, **more):
    belief = {"kind": "linear", "sharing": sharing, **more.pop("belief", {})}
    return compose(
        Declaration.parse(
            {
                "name": "g",
                "arms": [{"id": arm, "features": FEATURES[arm]} for arm in arms],
                "context": D,
                "arm_features": {"f": {"type": "vector", "size": A}},
                "interactions": [["x", "f"]],
                "seed": 1,
                "policy": {"belief": belief, "explorer": explorer, **more},
                **({} if reward is None else {"reward": reward}),
            }
        )
    )


def rows_of(n, seed=0, arms=ARMS):
    """n rows: arms, contexts, rewards on the grid."""
    rng = np.random.default_rng(seed)
    arm = np.array(arms, dtype=object)[rng.integers(0, len(arms), n)]
    return arm, rng.standard_normal((n, D)), np.rint(rng.standard_normal(n) * GRID) / GRID


def batch_of(arm, context, reward, decided=0, sign=None):
    n = len(arm)
    return Batch(
        arm=arm,
        reward=np.rint(reward * GRID).astype(np.int64),
        position=np.zeros(n, np.int64),
        propensity=np.ones(n),
        decided=np.zeros(n, np.int64) + decided,
        context=context,
        features=np.array([FEATURES[one]["f"] for one in arm]).reshape(n, A),
        sign=None if sign is None else np.zeros(n, np.int64) + sign,
    )


def taught(policy, *batches, state=None):
    state = policy.init() if state is None else state
    for batch in batches:
        state = policy.absorb(state, policy.evidence(state, batch))
    return state


def ridge_of(sharing, ridge, intercept=8.0):
    """The diagonal that is added in that regression."""
    own = ridge * np.array([intercept, *[1.0] * D] * len(ARMS))
    joint = np.full(policy_of("shared").encoder.joint_width, ridge)
    return np.diag({"per_arm": own, "shared": joint, "hybrid": np.append(own, joint)}[sharing])


def at(policy, state, context, arms=ARMS, time=NOW):
    (reading,) = policy._readings(state, arms, time, FEATURES)
    return reading.at(context)


def columns(policy, sharing, arm, context):
    """(n, d) of one large regression: own columns stand where their arm's are, the joint ones behind."""
    features = np.array([FEATURES[one]["f"] for one in arm]).reshape(len(arm), A)
    joint = policy.encoder.joint(context, features)
    own = np.zeros((len(arm), len(ARMS), 1 + D))
    own[np.arange(len(arm)), [ARMS.index(one) for one in arm]] = np.concatenate(
        [np.ones((len(arm), 1)), context], axis=1
    )
    own = own.reshape(len(arm), -1)
    return {"per_arm": own, "shared": joint, "hybrid": np.concatenate([own, joint], axis=1)}[
        sharing
    ]
