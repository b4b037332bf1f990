"""Vowpal Wabbit: SquareCB and ε-greedy, each arm with one feature. It tells the whole distribution."""

from __future__ import annotations

import numpy as np
import vowpalwabbit


class _Player:
    def __init__(self, options, arms, seed):
        self._vw = vowpalwabbit.Workspace(f"--cb_explore_adf {options} --quiet")
        self._lines = [f"|a arm{arm}" for arm in range(arms)]
        self._rng = np.random.default_rng(seed)

    def decide(self):
        chances = self._vw.predict(self._lines)
        arm = int(np.searchsorted(np.cumsum(chances), self._rng.random() * sum(chances)))
        return arm, chances[arm]

    def learn(self, decisions, rewards):
        for (arm, propensity), reward in zip(decisions, rewards, strict=True):
            lines = self._lines.copy()
            lines[arm] = f"0:{-reward}:{propensity} {lines[arm]}"
            self._vw.learn(lines)

    def propensities(self):
        return np.array(self._vw.predict(self._lines))


PLAYERS = {
    "Vowpal Wabbit, SquareCB": (
        lambda arms, seed, _: _Player("--squarecb", arms, seed),
        ("binary", "real"),
    ),
    "Vowpal Wabbit, ε-greedy .1": (
        lambda arms, seed, _: _Player("--epsilon 0.1", arms, seed),
        ("binary", "real"),
    ),
}
