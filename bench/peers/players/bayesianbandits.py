"""bayesianbandits. It tells no propensities."""

from __future__ import annotations

import numpy as np
from bayesianbandits import (
    Agent,
    Arm,
    DirichletClassifier,
    NormalInverseGammaRegressor,
    ThompsonSampling,
)


def _rate(samples):
    """The worth of an arm whose rewards are classes 0 and 1."""
    return np.take(samples, 1, axis=-1)


class _Player:
    def __init__(self, arms, seed, rewards):
        if rewards == "binary":
            made = [
                Arm(arm, reward_function=_rate, learner=DirichletClassifier({0: 1.0, 1: 1.0}))
                for arm in range(arms)
            ]
        else:
            made = [Arm(arm, learner=NormalInverseGammaRegressor()) for arm in range(arms)]
        self._bandit = Agent(made, ThompsonSampling(), random_seed=seed)

    def decide(self):
        return self._bandit.pull()[0], None

    def learn(self, decisions, rewards):
        rows = np.array([arm for arm, _ in decisions])
        reward = np.asarray(rewards)
        for arm in np.unique(rows):
            self._bandit.select_for_update(int(arm)).update(reward[rows == arm])

    def propensities(self):
        return None


PLAYERS = {"bayesianbandits, Thompson": (_Player, ("binary", "real"))}
