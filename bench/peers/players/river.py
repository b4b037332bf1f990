"""River. It tells no propensities, and learns one observation at a time."""

from __future__ import annotations

from river import bandit, proba


class _Player:
    def __init__(self, policy, arms):
        self._policy = policy
        self._arms = list(range(arms))

    def decide(self):
        return self._policy.pull(self._arms), None

    def learn(self, decisions, rewards):
        for (arm, _), reward in zip(decisions, rewards, strict=True):
            self._policy.update(arm, reward)

    def propensities(self):
        return None


def _thompson(arms, seed, rewards):
    if rewards == "binary":
        return _Player(bandit.ThompsonSampling(proba.Beta(), seed=seed), arms)
    # Its Gaussian needs two rewards an arm before it has a deviation.
    return _Player(bandit.ThompsonSampling(proba.Gaussian(), burn_in=2, seed=seed), arms)


def _ucb(arms, seed, rewards):
    del rewards
    return _Player(bandit.UCB(delta=1, burn_in=1, seed=seed), arms)


def _bayes_ucb(arms, seed, rewards):
    del rewards
    return _Player(bandit.BayesUCB(seed=seed), arms)  # with a burn-in it fails to learn


PLAYERS = {
    "River, Thompson": (_thompson, ("binary", "real")),
    "River, UCB1": (_ucb, ("binary", "real")),
    "River, Bayes-UCB": (_bayes_ucb, ("binary",)),
}
