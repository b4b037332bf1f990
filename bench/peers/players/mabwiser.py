"""MABWiser. It tells no propensities."""

from __future__ import annotations

from mabwiser.mab import MAB, LearningPolicy


class _Player:
    def __init__(self, policy, arms, seed, first=()):
        self._first = list(first)
        self._mab = MAB(list(range(arms)), policy, seed=seed)
        self._mab.fit([], [])  # it refuses to decide before the first fit

    def decide(self):
        if self._first:
            return self._first.pop(), None
        return self._mab.predict(), None

    def learn(self, decisions, rewards):
        self._mab.partial_fit([arm for arm, _ in decisions], list(rewards))

    def propensities(self):
        return None


def _of(policy):
    return lambda arms, seed, _: _Player(policy, arms, seed)


def _ucb(arms, seed, rewards):
    """With every arm played once before: it gives an arm without observations the index 0."""
    del rewards
    return _Player(LearningPolicy.UCB1(alpha=1), arms, seed, first=range(arms))


PLAYERS = {
    "MABWiser, Thompson": (_of(LearningPolicy.ThompsonSampling()), ("binary",)),
    "MABWiser, UCB1": (_ucb, ("binary", "real")),
    "MABWiser, ε-greedy .1": (_of(LearningPolicy.EpsilonGreedy(epsilon=0.1)), ("binary", "real")),
}
