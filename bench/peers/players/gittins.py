"""gittins, as it comes. It tells the propensity of the arm it chose, and forgets by default."""

from __future__ import annotations

import gittins

LATEST = 1e9
"""No outcome of a run comes later than that: nothing expires."""


class _Player:
    def __init__(self, arms, seed, rewards):
        del rewards
        self._state = gittins.create(bits=8, horizon=LATEST)
        self._candidates = [(f"arm-{arm}", {}) for arm in range(arms)]
        self._salt = f"seed-{seed}"
        self._time = 0.0

    def decide(self):
        self._time += 1.0
        made = gittins.decide(self._state, {}, self._candidates, self._time, self._salt)
        return made.chosen, made.decision_id

    def learn(self, decisions, rewards):
        for (_, decision_id), reward in zip(decisions, rewards, strict=True):
            gittins.learn(self._state, decision_id, reward, self._time)

    def propensities(self):
        return None


PLAYERS = {"gittins": (_Player, ("binary", "real"))}
