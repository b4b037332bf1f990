"""Open Bandit Pipeline, out of its maintained distribution sb-obp.

Its package loads torch, which its context-free policies do not use and which weighs gigabytes: so
the package's own `__init__` files are passed over, and torch is not in the environment. It tells
propensities by simulating 100,000 decisions, which is too slow to be asked for here.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from types import ModuleType


def _without_init(name):
    """The package `name`, found where it lies, with nothing run."""
    package = ModuleType(name)
    package.__path__ = list(importlib.util.find_spec(name).submodule_search_locations)
    sys.modules[name] = package


_without_init("obp")
_without_init("obp.policy")
_policies = importlib.import_module("obp.policy.contextfree")


class _Player:
    def __init__(self, policy):
        self._policy = policy

    def decide(self):
        return int(self._policy.select_action()[0]), None

    def learn(self, decisions, rewards):
        for (arm, _), reward in zip(decisions, rewards, strict=True):
            self._policy.update_params(arm, reward)

    def propensities(self):
        return None


def _thompson(arms, seed, _):
    return _Player(_policies.BernoulliTS(n_actions=arms, random_state=seed))


def _greedy(arms, seed, _):
    return _Player(_policies.EpsilonGreedy(n_actions=arms, epsilon=0.1, random_state=seed))


PLAYERS = {
    "obp, Thompson": (_thompson, ("binary",)),
    "obp, ε-greedy .1": (_greedy, ("real",)),
}
