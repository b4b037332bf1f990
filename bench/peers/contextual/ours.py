"""Tamesu in memory, with one declaration for all worlds of a kind of reward: nothing is tuned to a world."""

from __future__ import annotations

from tamesu import Bandit

RANGE = [-6.0, 6.0]
"""Of the rewards of linear worlds, for the explorer that asks for one: all but one in a billion."""


class _Player:
    def __init__(self, arms, features, seed, rewards, **options):
        if options["explorer"] == "inverse_gap" and rewards == "real":
            options |= {"reward": {"range": RANGE}}
        self._bandit = Bandit(range(arms), context=features, seed=seed, **options)

    def decide(self, context):
        made = self._bandit.decide(context)
        return made.arm, made

    def learn_columns(self, arms, contexts, rewards):
        self._bandit.learn_logged(arms, rewards, contexts)

    def learn(self, decisions, rewards):
        if len(decisions) == 1:
            self._bandit.learn(decisions[0][1], rewards[0])
        else:
            self._bandit.learn_many([made for _, made, _ in decisions], rewards)

    def propensities(self, context):
        return self._bandit.propensities(context)


def _of(**options):
    return lambda arms, features, seed, rewards: _Player(arms, features, seed, rewards, **options)


BOTH = ("binary", "real")
PLAYERS = {
    "Tamesu, linear × randomized UCB": (_of(belief="linear", explorer="randomized_ucb"), BOTH),
    "Tamesu, linear × randomized UCB, explore .05": (
        _of(belief="linear", explorer="randomized_ucb", explore=0.05),
        BOTH,
    ),
    "Tamesu, linear × Thompson": (_of(belief="linear", explorer="thompson"), BOTH),
    "Tamesu, linear × UCB": (_of(belief="linear", explorer="ucb"), BOTH),
    "Tamesu, linear × inverse gap": (_of(belief="linear", explorer="inverse_gap"), BOTH),
    "Tamesu, logistic × randomized UCB": (
        _of(belief="logistic", explorer="randomized_ucb"),
        ("binary",),
    ),
    "Tamesu, logistic × Thompson": (_of(belief="logistic", explorer="thompson"), ("binary",)),
}
