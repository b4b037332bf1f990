"""MABWiser: ridge regressions without an intercept. It tells no propensities."""

from __future__ import annotations

import numpy as np
from mabwiser.mab import MAB, LearningPolicy


class _Player:
    def __init__(self, policy, arms, seed):
        self._mab = MAB(list(range(arms)), policy, seed=seed)
        self._first = True  # it refuses to decide before the first fit

    def decide(self, context):
        if self._first:
            return 0, None
        return self._mab.predict(context[None, :]), None

    def learn(self, decisions, rewards):
        contexts = np.array([context for _, _, context in decisions])
        self.learn_columns([arm for arm, _, _ in decisions], contexts, list(rewards))

    def learn_columns(self, arms, contexts, rewards):
        fit = self._mab.fit if self._first else self._mab.partial_fit
        fit(arms, rewards, contexts)
        self._first = False

    def propensities(self, context):
        return None


def _of(policy):
    return lambda arms, features, seed, _: _Player(policy, arms, seed)


BOTH = ("binary", "real")
PLAYERS = {
    "MABWiser, LinUCB": (_of(LearningPolicy.LinUCB()), BOTH),
    "MABWiser, LinTS": (_of(LearningPolicy.LinTS()), BOTH),
}
