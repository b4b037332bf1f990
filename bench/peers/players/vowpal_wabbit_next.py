"""vowpal-wabbit-next: other bindings to Vowpal Wabbit, with examples parsed once. SquareCB."""

from __future__ import annotations

import numpy as np
from vowpal_wabbit_next import TextFormatParser, Workspace


class _Player:
    def __init__(self, arms, seed, rewards):
        del rewards
        self._vw = Workspace(["--cb_explore_adf", "--squarecb"])
        self._parser = TextFormatParser(self._vw)
        self._lines = [f"|a arm{arm}" for arm in range(arms)]
        self._parsed = [self._parser.parse_line(line) for line in self._lines]
        self._rng = np.random.default_rng(seed)

    def decide(self):
        arms, chances = zip(*self._vw.predict_one(self._parsed), strict=True)
        place = int(np.searchsorted(np.cumsum(chances), self._rng.random() * sum(chances)))
        return arms[place], chances[place]

    def learn(self, decisions, rewards):
        for (arm, propensity), reward in zip(decisions, rewards, strict=True):
            parsed = self._parsed.copy()
            parsed[arm] = self._parser.parse_line(f"0:{-reward}:{propensity} {self._lines[arm]}")
            self._vw.learn_one(parsed)

    def propensities(self):
        vector = np.zeros(len(self._lines))
        for arm, propensity in self._vw.predict_one(self._parsed):
            vector[arm] = propensity
        return vector


PLAYERS = {"vowpal-wabbit-next, SquareCB": (_Player, ("binary", "real"))}
