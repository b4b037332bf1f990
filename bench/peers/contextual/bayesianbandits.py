"""bayesianbandits: Thompson sampling of a normal-inverse-gamma regression for each arm, no intercept."""

from __future__ import annotations

import numpy as np
from bayesianbandits import Arm, ContextualAgent, NormalInverseGammaRegressor, ThompsonSampling


class _Player:
    def __init__(self, arms, features, seed, rewards):
        del features, rewards
        made = [Arm(arm, learner=NormalInverseGammaRegressor()) for arm in range(arms)]
        self._agent = ContextualAgent(made, ThompsonSampling(), random_seed=seed)

    def decide(self, context):
        return self._agent.pull(context[None, :])[0], None

    def learn(self, decisions, rewards):
        rows = np.array([arm for arm, _, _ in decisions])
        contexts = np.array([context for _, _, context in decisions])
        self.learn_columns(rows, contexts, np.asarray(rewards))

    def learn_columns(self, arms, contexts, rewards):
        for arm in np.unique(arms):
            mine = arms == arm
            self._agent.select_for_update(int(arm)).update(contexts[mine], rewards[mine])

    def propensities(self, context):
        return None


PLAYERS = {"bayesianbandits, Thompson": (_Player, ("binary", "real"))}
