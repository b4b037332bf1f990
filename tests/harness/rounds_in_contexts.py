"""A log of rounds whose propensities depend on a context of two columns, with its truth. Refuses to be random: a seed."""

from __future__ import annotations

import numpy as np

from tamesu.evaluate import Rounds

ARMS = 4


def logged(n, seed=0, arms=ARMS, sharpness=1.0):
    """Rounds whose propensities depend on a context of two columns, the distributions, and true rewards (n, K)."""
    rng = np.random.default_rng(seed)
    contexts = rng.normal(size=(n, 2))
    slopes = np.random.default_rng(1).normal(size=(2, arms))
    scores = np.exp(sharpness * contexts @ slopes)
    shares = 0.8 * scores / scores.sum(axis=1, keepdims=True) + 0.2 / arms
    chosen = (shares.cumsum(axis=1) < rng.random((n, 1))).sum(axis=1).clip(max=arms - 1)
    truth = 1 / (1 + np.exp(-(contexts @ np.random.default_rng(2).normal(size=(2, arms)))))
    rewards = (rng.random(n) < truth[np.arange(n), chosen]).astype(float)
    propensities = shares[np.arange(n), chosen]
    rounds = Rounds.of(chosen, rewards, propensities, among=range(arms), contexts=contexts)
    return rounds, shares, truth


def uniform(rounds):
    return np.full((len(rounds), len(rounds.arms)), 1 / len(rounds.arms))
