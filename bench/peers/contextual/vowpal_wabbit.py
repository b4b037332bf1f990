"""Vowpal Wabbit: arms crossed with the context, SquareCB and cover. It tells the whole distribution."""

from __future__ import annotations

import numpy as np
import vowpalwabbit


class _Player:
    def __init__(self, options, arms, seed):
        self._vw = vowpalwabbit.Workspace(f"--cb_explore_adf {options} -q ca --quiet")
        self._arms = [f"|a arm{arm}" for arm in range(arms)]
        self._rng = np.random.default_rng(seed)

    def _lines(self, context):
        told = " ".join(f"{place}:{value:.6g}" for place, value in enumerate(context.tolist()))
        return [f"shared |c {told}", *self._arms]

    def decide(self, context):
        chances = self._vw.predict(self._lines(context))
        arm = int(np.searchsorted(np.cumsum(chances), self._rng.random() * sum(chances)))
        return arm, chances[arm]

    def learn(self, decisions, rewards):
        for (arm, propensity, context), reward in zip(decisions, rewards, strict=True):
            lines = self._lines(context)
            lines[1 + arm] = f"0:{-reward}:{propensity} {self._arms[arm]}"
            self._vw.learn(lines)

    def propensities(self, context):
        return np.array(self._vw.predict(self._lines(context)))


def _of(options):
    return lambda arms, features, seed, _: _Player(options, arms, seed)


BOTH = ("binary", "real")
PLAYERS = {
    "Vowpal Wabbit, SquareCB": (_of("--squarecb"), BOTH),
    "Vowpal Wabbit, cover": (_of("--cover 8"), BOTH),
}
