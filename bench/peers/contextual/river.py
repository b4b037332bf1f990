"""River: Bayesian regressions without an intercept. It tells no propensities, and learns one by one."""

from __future__ import annotations

from river import bandit


class _Player:
    def __init__(self, arms, features, seed, rewards):
        del rewards
        self._policy = bandit.LinUCBDisjoint(seed=seed)
        self._arms = list(range(arms))
        self._names = list(range(features))

    def _told(self, context):
        return dict(zip(self._names, context.tolist(), strict=True))

    def decide(self, context):
        return self._policy.pull(self._arms, context=self._told(context)), None

    def learn(self, decisions, rewards):
        for (arm, _, context), reward in zip(decisions, rewards, strict=True):
            self._policy.update(arm, self._told(context), reward)

    def propensities(self, context):
        return None


PLAYERS = {"River, LinUCB": (_Player, ("binary", "real"))}
