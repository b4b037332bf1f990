"""Bandits over several objectives, and rows to teach them."""

from __future__ import annotations

import numpy as np

from tamesu.base import GRID, Declaration, Time
from tamesu.policy import Batch, compose

ARMS = tuple("abcdefgh")
NOW = Time(1_700_000_000_000_000)
CONTEXTUAL = {
    "context": {
        "device": {"type": "categorical", "values": ["phone", "desk"]},
        "age": {"type": "numeric", "range": [-2, 2]},
    },
    "arm_features": {"genre": {"type": "categorical", "values": ["x", "y"]}},
}
FEATURES = {arm: {"genre": "xy"[i % 2]} for i, arm in enumerate(ARMS)}
CONTEXTS = [{"device": "phone", "age": -1.5}, {"device": "desk", "age": 2.0}]


def declared(belief, explorer, objectives, arms=ARMS, explore=0.0, **more):
    context = CONTEXTUAL if belief["kind"] in {"linear", "logistic"} else {}
    features = {arm: FEATURES.get(arm, FEATURES["a"]) for arm in arms}
    policy = {
        "belief": belief,
        "explorer": {**explorer, "explore": explore},
        **{name: more.pop(name) for name in ("newcomer", "forgetting") if name in more},
    }
    wanted = {name: {name: 1} for name in ("clicks", "likes", "shares")[:objectives]}
    return {
        "name": "law",
        "arms": [{"id": arm, "features": features[arm]} if context else arm for arm in arms],
        "seed": 11,
        "policy": policy,
        "reward": {"objectives": wanted, "scalarise": "gini"},
        **context,
        **more,
    }


def policy_of(*parts, **more):
    return compose(Declaration.parse(declared(*parts, **more)))


def batch_of(policy, rng, n, *, arms=ARMS, sign=None):
    arm = np.array(rng.choice(arms, n), dtype=object)
    contexts = np.array([CONTEXTS[row] for row in rng.integers(0, 2, n)] + [None], dtype=object)
    features = np.array([FEATURES.get(one, FEATURES["a"]) for one in arm] + [None], dtype=object)
    rewards = rng.integers(0, 2, (n, len(policy.aims.names))) * GRID
    return Batch(
        arm=arm,
        reward=rewards.sum(axis=1) // rewards.shape[1],
        position=np.zeros(n, dtype=np.int64),
        propensity=np.ones(n),
        decided=np.full(n, int(NOW)) - rng.integers(0, 10**9, n) * (np.arange(n) > 0),
        sign=sign,
        rewards=rewards,
        **policy.columns(contexts[:-1], features[:-1]),
    )


def learnt(policy, *batches):
    state = policy.init()
    for batch in batches:
        state = policy.absorb(state, policy.evidence(state, batch))
    return state
