"""Thompson sampling as one writes it in an afternoon, and uniform chance: NumPy and nothing else.

The plain side knows no propensities, no eligible sets, and no way to make a decision again.
"""

from __future__ import annotations

import numpy as np


class Thompson:
    """Beta(1, 1) for rewards 0 and 1; normal-inverse-gamma (0, 1, 2, 1) for others."""

    def __init__(self, arms, seed, rewards):
        self._rng = np.random.default_rng(seed)
        self._binary = rewards == "binary"
        self._sums = np.zeros((3, arms))

    def decide(self):
        n, total, squares = self._sums
        if self._binary:
            return int(self._rng.beta(1 + total, 1 + n - total).argmax()), None
        kappa, a = 1 + n, 2 + n / 2
        mean = total / kappa
        b = 1 + (squares - kappa * mean**2) / 2
        draws = self._rng.standard_t(2 * a)
        return int((mean + draws * np.sqrt(b / (a * kappa))).argmax()), None

    def learn(self, decisions, rewards):
        if len(rewards) == 1:
            row, reward = decisions[0][0], rewards[0]
            self._sums[0, row] += 1
            self._sums[1, row] += reward
            self._sums[2, row] += reward * reward
            return
        rows = [arm for arm, _ in decisions]
        reward = np.asarray(rewards)
        size = self._sums.shape[1]
        for place, weights in enumerate((None, reward, reward**2)):
            self._sums[place] += np.bincount(rows, weights, minlength=size)

    def propensities(self):
        return None


class Uniform:
    """Every arm with the same chance, whatever comes."""

    def __init__(self, arms, seed, rewards):
        del rewards
        self._rng = np.random.default_rng(seed)
        self._arms = arms

    def decide(self):
        return int(self._rng.integers(self._arms)), None

    def learn(self, decisions, rewards):
        pass

    def propensities(self):
        return np.full(self._arms, 1 / self._arms)


PLAYERS = {
    "plain NumPy, Thompson": (Thompson, ("binary", "real")),
    "uniform": (Uniform, ("binary", "real")),
}
