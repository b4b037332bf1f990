"""LinUCB as one writes it in an afternoon, and uniform chance: NumPy and nothing else."""

from __future__ import annotations

import numpy as np


class LinUcb:
    """Ridge 1, an intercept, a bonus of one deviation with noise 1; inverses updated in place."""

    def __init__(self, arms, features, seed, rewards):
        del seed, rewards
        self._inverse = np.tile(np.eye(1 + features), (arms, 1, 1))
        self._sums = np.zeros((arms, 1 + features))
        self._coefficients = np.zeros((arms, 1 + features))

    def decide(self, context):
        row = np.concatenate([[1.0], context])
        spread = np.sqrt((self._inverse @ row) @ row)
        return int((self._coefficients @ row + spread).argmax()), None

    def learn(self, decisions, rewards):
        for (arm, _, context), reward in zip(decisions, rewards, strict=True):
            row = np.concatenate([[1.0], context])
            inverse = self._inverse[arm]
            along = inverse @ row
            inverse -= np.outer(along, along) / (1.0 + along @ row)
            self._sums[arm] += reward * row
            self._coefficients[arm] = inverse @ self._sums[arm]

    def propensities(self, context):
        return None


class Uniform:
    """Every arm with the same chance, whatever comes."""

    def __init__(self, arms, features, seed, rewards):
        del features, rewards
        self._rng = np.random.default_rng(seed)
        self._arms = arms

    def decide(self, context):
        return int(self._rng.integers(self._arms)), None

    def learn(self, decisions, rewards):
        pass

    def propensities(self, context):
        return np.full(self._arms, 1 / self._arms)


BOTH = ("binary", "real")
PLAYERS = {"plain NumPy, LinUCB": (LinUcb, BOTH), "uniform": (Uniform, BOTH)}
