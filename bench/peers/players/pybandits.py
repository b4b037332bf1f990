"""PyBandits. It tells no propensities."""

from __future__ import annotations

import random

import numpy as np
from pybandits.smab import SmabBernoulli


class _Player:
    def __init__(self, arms, seed, rewards):
        del rewards
        random.seed(seed)  # it draws from generators of the whole process
        np.random.seed(seed)  # noqa: NPY002 - the one it draws from
        self._names = {f"arm-{arm}": arm for arm in range(arms)}
        self._bandit = SmabBernoulli.cold_start(action_ids=set(self._names))

    def decide(self):
        chosen, _ = self._bandit.predict()
        return self._names[chosen[0]], chosen[0]

    def learn(self, decisions, rewards):
        self._bandit.update([name for _, name in decisions], [int(reward) for reward in rewards])

    def propensities(self):
        return None


PLAYERS = {"PyBandits, Thompson": (_Player, ("binary",))}
