"""contextualbandits: a regression with an intercept for each arm, as it comes. It tells no propensities."""

from __future__ import annotations

import numpy as np
from contextualbandits.online import LinTS, LinUCB


class _Player:
    def __init__(self, policy):
        self._policy = policy

    def decide(self, context):
        return int(self._policy.predict(context[None, :])[0]), None

    def learn(self, decisions, rewards):
        rows = np.array([arm for arm, _, _ in decisions])
        contexts = np.array([context for _, _, context in decisions])
        self.learn_columns(rows, contexts, np.asarray(rewards))

    def learn_columns(self, arms, contexts, rewards):
        self._policy.partial_fit(contexts, arms, rewards)

    def propensities(self, context):
        return None


def _of(policy):
    """Its sources of chance take no seed of 0."""
    return lambda arms, features, seed, _: _Player(policy(arms, random_state=seed + 1))


BOTH = ("binary", "real")
PLAYERS = {
    "contextualbandits, LinUCB": (_of(LinUCB), BOTH),
    "contextualbandits, LinTS": (_of(LinTS), BOTH),
}
