"""Tamesu in memory. It tells the whole distribution, exactly; every decision can be made again."""

from __future__ import annotations

from tamesu import Bandit

RANGE = [-5.0, 6.0]


class _Player:
    def __init__(self, arms, seed, rewards, **options):
        if rewards == "real":
            options |= {"belief": "gaussian", "reward": {"range": RANGE}}
        self._bandit = Bandit(range(arms), seed=seed, **options)

    def decide(self):
        made = self._bandit.decide()
        return made.arm, made

    def learn(self, decisions, rewards):
        for (_, made), reward in zip(decisions, rewards, strict=True):
            self._bandit.learn(made, reward)

    def propensities(self):
        return self._bandit.propensities()


def _of(**options):
    return lambda arms, seed, rewards: _Player(arms, seed, rewards, **options)


PLAYERS = {
    "Tamesu, Thompson": (_of(), ("binary",)),
    "Tamesu, Thompson, explore .1": (_of(explore=0.1), ("binary",)),
    "Tamesu, ε-greedy .1": (
        _of(explorer={"kind": "epsilon_greedy", "epsilon": 0.1}),
        ("binary",),
    ),
}
