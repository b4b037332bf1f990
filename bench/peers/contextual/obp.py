"""Open Bandit Pipeline, out of sb-obp; loaded as `players/obp.py` does. It tells no propensities."""

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


_torch = ModuleType("torch")
_torch.tensor = _torch.Tensor = type("Tensor", (), {})  # what its checks name, and never meet here
sys.modules["torch"] = _torch
_without_init("obp")
_without_init("obp.policy")
_linear = importlib.import_module("obp.policy.linear")


class _Player:
    def __init__(self, policy):
        self._policy = policy

    def decide(self, context):
        return int(self._policy.select_action(context[None, :])[0]), None

    def learn(self, decisions, rewards):
        for (arm, _, context), reward in zip(decisions, rewards, strict=True):
            self._policy.update_params(arm, reward, context[None, :])

    def propensities(self, context):
        return None


def _ucb(arms, features, seed, _):
    """Its own default, an epsilon of 0, does not explore."""
    return _Player(_linear.LinUCB(dim=features, n_actions=arms, epsilon=1.0, random_state=seed))


def _thompson(arms, features, seed, _):
    return _Player(_linear.LinTS(dim=features, n_actions=arms, random_state=seed))


BOTH = ("binary", "real")
PLAYERS = {"obp, LinUCB": (_ucb, BOTH), "obp, LinTS": (_thompson, BOTH)}
