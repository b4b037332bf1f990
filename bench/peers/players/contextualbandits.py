"""contextualbandits, given a context that is always 1. It tells no propensities, and takes no seed of 0."""

from __future__ import annotations

import numpy as np
from contextualbandits.online import LinTS, LinUCB

ONE = np.ones((1, 1))


class _Player:
    def __init__(self, policy):
        self._policy = policy

    def decide(self):
        return int(self._policy.predict(ONE)[0]), None

    def learn(self, decisions, rewards):
        rows = np.array([arm for arm, _ in decisions])
        self._policy.partial_fit(np.ones((len(rows), 1)), rows, np.asarray(rewards))

    def propensities(self):
        return None


def _ucb(arms, seed, _):
    return _Player(LinUCB(arms, fit_intercept=False, random_state=seed + 1))


def _thompson(arms, seed, _):
    return _Player(LinTS(arms, fit_intercept=False, random_state=seed + 1))


PLAYERS = {
    "contextualbandits, LinUCB": (_ucb, ("binary", "real")),
    "contextualbandits, LinTS": (_thompson, ("binary", "real")),
}
