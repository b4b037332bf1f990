"""Coba. It tells the whole distribution, and learns one observation at a time."""

from __future__ import annotations

import numpy as np
from coba.learners import BanditEpsilonLearner, BanditUCBLearner


class _Player:
    def __init__(self, learner, arms):
        self._learner = learner
        self._arms = list(range(arms))

    def decide(self):
        return self._learner.predict(None, self._arms)

    def learn(self, decisions, rewards):
        for (arm, propensity), reward in zip(decisions, rewards, strict=True):
            self._learner.learn(None, arm, reward, propensity)

    def propensities(self):
        return np.array([self._learner.score(None, self._arms, arm) for arm in self._arms])


PLAYERS = {
    "coba, UCB1-tuned": (lambda arms, seed, _: _Player(BanditUCBLearner(seed), arms), ("binary",)),
    "coba, ε-greedy .1": (
        lambda arms, seed, _: _Player(BanditEpsilonLearner(0.1, seed), arms),
        ("real",),
    ),
}
