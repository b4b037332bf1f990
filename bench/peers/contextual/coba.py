"""Coba's LinUCB: one regression over arms, contexts and their products. It tells the distribution."""

from __future__ import annotations

import numpy as np
from coba.learners import LinUCBLearner


class _Player:
    def __init__(self, arms, features, seed, rewards):
        del features, rewards
        self._learner = LinUCBLearner(seed=seed + 1)
        self._arms = [tuple(int(row == arm) for row in range(arms)) for arm in range(arms)]

    def decide(self, context):
        arm, propensity = self._learner.predict(context.tolist(), self._arms)[:2]
        return arm.index(1), propensity

    def learn(self, decisions, rewards):
        for (arm, propensity, context), reward in zip(decisions, rewards, strict=True):
            self._learner.learn(context.tolist(), self._arms[arm], reward, propensity)

    def propensities(self, context):
        told = context.tolist()
        return np.array([self._learner.score(told, self._arms, arm) for arm in self._arms])


PLAYERS = {"coba, LinUCB": (_Player, ("binary", "real"))}
