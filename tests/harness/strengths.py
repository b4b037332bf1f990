"""Policies of slates by the strengths of arms, and logs of them: small enough to be looked at slate by slate."""

from __future__ import annotations

import numpy as np

from tamesu.evaluate import Slates

ARMS, SIZE = 5, 3


class Strengths:
    """Places arms one after another, each as likely as its strength among those left; a context tilts them."""

    def __init__(self, seed):
        rng = np.random.default_rng(seed)
        self.strength, self.tilt = rng.random(ARMS) + 0.1, rng.random(ARMS)

    def below(self, slates, above):
        free = self.strength + self.tilt * slates.context[:, :1]
        if slates.eligible is not None:
            free = free * slates.eligible
        for at in range(above.shape[1]):
            free = free * (np.arange(ARMS) != above[:, at : at + 1])
        whole = free.sum(axis=1, keepdims=True)
        return np.divide(free, whole, out=np.zeros_like(free), where=whole > 0)

    def given(self, slates):
        """(n, L, K) below the arms that were logged."""
        return np.stack([self.below(slates, slates.chosen[:, :at]) for at in range(SIZE)], axis=1)


def blank(contexts, slate=range(SIZE), eligible=None):
    n = len(contexts)
    ones = np.full((n, SIZE), 0.5)
    return Slates.of(
        np.tile(slate, (n, 1)),
        np.zeros((n, SIZE)),
        ones,
        among=range(ARMS),
        contexts=np.reshape(contexts, (n, 1)),
        eligible=eligible,
    )


def logged(policy, n, seed):
    """Slates of a policy in contexts; rewards depend on the arm and the position alone."""
    rng = np.random.default_rng(seed)
    slates = blank(rng.random(n))
    above = np.empty((n, 0), np.intp)
    propensities = []
    for _ in range(SIZE):
        shares = policy.below(slates, above)
        taken = (shares.cumsum(axis=1) < rng.random((n, 1))).sum(axis=1).clip(max=ARMS - 1)
        propensities.append(shares[np.arange(n), taken])
        above = np.concatenate([above, taken[:, None]], axis=1)
    worth = np.linspace(0.1, 0.9, ARMS)[:, None] * [1.0, 0.6, 0.3]
    rewards = rng.random((n, SIZE)) < worth[above, np.arange(SIZE)]
    return Slates.of(
        above,
        rewards,
        np.stack(propensities, axis=1),
        among=range(ARMS),
        contexts=slates.context,
    ), worth
