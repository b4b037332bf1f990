"""Tamesu in memory. It tells the whole distribution, exactly; every decision can be made again.

In memory, decisions are a second apart: a half-life of 1,000 s is one of 1,000 rounds.
"""

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
        if len(decisions) == 1:
            self._bandit.learn(decisions[0][1], rewards[0])
        else:
            self._bandit.learn_many([made for _, made in decisions], rewards)

    def propensities(self):
        return self._bandit.propensities()


def _of(**options):
    return lambda arms, seed, rewards: _Player(arms, seed, rewards, **options)


BOTH = ("binary", "real")
PLAYERS = {
    "Tamesu, Thompson": (_of(), BOTH),
    "Tamesu, Thompson, explore .1": (_of(explore=0.1), ("binary",)),
    "Tamesu, Thompson, forgetting": (_of(forgetting={"half_life": "1000s"}), ("drifting",)),
    "Tamesu, randomized UCB": (_of(explorer="randomized_ucb"), BOTH),
    "Tamesu, KL-UCB": (_of(explorer="ucb"), ("binary",)),
    "Tamesu, ε-greedy .1": (_of(explorer={"kind": "epsilon_greedy", "epsilon": 0.1}), BOTH),
}
