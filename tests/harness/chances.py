"""Logistic beliefs for tests: batches of made-up rewards, and what a clean refit makes of them."""

from __future__ import annotations

import numpy as np
from scipy import optimize, special

from tamesu.base import GRID, Declaration, Time
from tamesu.policy import Batch, compose
from tamesu.policy.beliefs.logistic import LogisticBelief
from tamesu.policy.contract import Arms

ARMS = ("a", "b", "c")
FEATURES = {"a": [0.5, -0.2], "b": [-0.4, 0.3], "c": [0.1, 0.9]}


def declared(context=3, forgetting=None, reward=None, **belief):
    given = {
        "name": "x",
        "seed": 3,
        "arms": [{"id": arm, "features": {"f": row}} for arm, row in FEATURES.items()],
        "arm_features": {"f": {"type": "vector", "size": 2}},
        "policy": {"belief": {"kind": "logistic", **belief}},
    }
    if context is not None:
        given["context"] = context
    if forgetting is not None:
        given["policy"]["forgetting"] = forgetting
    if reward is not None:
        given["reward"] = reward
    return Declaration.parse(given)


def belief_of(**given):
    belief = compose(declared(**given))._beliefs[0]
    assert isinstance(belief, LogisticBelief)
    return belief


def batch_of(rng, n, d=3, arms=ARMS, sign=None, rate=None):
    arm = rng.choice(arms, n)
    x = rng.normal(size=(n, d))
    logit = x.sum(axis=1) - 1.0 + (arm == "b") if rate is None else np.full(n, rate)
    reward = (rng.random(n) < special.expit(logit)).astype(np.int64)
    return batch(arm, x, reward, sign)


def batch(arm, x, reward, sign=None, decided=None):
    arm = np.array(list(arm), dtype=object)
    n = len(arm)
    return Batch(
        arm=arm,
        reward=np.rint(np.asarray(reward, dtype=float) * GRID).astype(np.int64),
        position=np.zeros(n, np.int64),
        propensity=np.ones(n),
        decided=np.zeros(n, np.int64) if decided is None else np.asarray(decided, dtype=np.int64),
        context=np.asarray(x, dtype=float),
        features=np.array([FEATURES[one] for one in arm.tolist()]).reshape(n, 2),
        sign=sign,
    )


def rows_of(part, slices):
    keep = np.zeros(len(part), bool)
    keep[slices] = True
    return part.take(keep)


def learnt(belief, *batches, state=None):
    state = belief.init() if state is None else state
    for part in batches:
        state = belief.absorb(state, belief.evidence(state, part))
    return state


def asked(arms=ARMS):
    return Arms(tuple(arms), np.array([FEATURES.get(arm, [0.0, 0.0]) for arm in arms]))


def scores(belief, state, context, arms=ARMS, time=0):
    """Log-odds and their deviations."""
    family = belief.reading(state, asked(arms), Time(time)).at(np.asarray(context)).family
    return family.location, family.scale


def columns(sharing, arm, x):
    """The design of one row, written out by hand: own columns of each arm, then joint ones."""
    own = np.zeros((len(ARMS), 1 + len(x)))
    own[ARMS.index(arm)] = [1.0, *x]
    joint = np.array([1.0, *x, *FEATURES[arm]])
    parts = {"per_arm": [own.ravel()], "shared": [joint], "hybrid": [own.ravel(), joint]}
    return np.concatenate(parts[sharing])


def refit(rows, sharing, ridge=1.0, offset=0.0, weights=None):
    """The posterior mode of everything, and the curvature there: Newton's method on a plain design."""
    x = np.array([columns(sharing, arm, c) for arm, c in zip(rows.arm, rows.context, strict=True)])
    y = rows.reward / GRID
    w = np.ones(len(y)) if weights is None else weights

    def loss(theta):
        t = offset + x @ theta
        return 0.5 * ridge * theta @ theta + w @ (np.logaddexp(0.0, t) - y * t)

    def slope(theta):
        return ridge * theta + x.T @ (w * (special.expit(offset + x @ theta) - y))

    def curvature(theta):
        p = special.expit(offset + x @ theta)
        return ridge * np.eye(len(theta)) + (x * (w * p * (1 - p))[:, None]).T @ x

    found = optimize.minimize(
        loss, np.zeros(x.shape[1]), jac=slope, hess=curvature, method="trust-exact"
    )
    theta = found.x
    for _ in range(4):
        theta = theta - np.linalg.solve(curvature(theta), slope(theta))
    return theta, curvature(theta)


def distance(belief, state, rows, sharing="per_arm", ridge=1.0):
    """How far log-odds lie from those of a clean refit, root mean square, in its deviations."""
    theta, curvature = refit(rows, sharing, ridge)
    inverse = np.linalg.inv(curvature)
    apart = []
    for context in np.random.default_rng(99).normal(size=(64, rows.context.shape[1])):
        location, _ = scores(belief, state, context)
        design = np.array([columns(sharing, arm, context) for arm in ARMS])
        deviation = np.sqrt((design @ inverse * design).sum(axis=1))
        apart.append((location - design @ theta) / deviation)
    return float(np.sqrt(np.mean(np.square(apart))))
