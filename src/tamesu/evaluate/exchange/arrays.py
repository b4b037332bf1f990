"""A dictionary of arrays, as packages for off-policy evaluation hand bandit feedback around.

    action (n,) from 0       pscore (n,)            n_actions         context (n, d)
    reward (n,)              position (n,) or none  n_rounds          action_context (K, a)

What else may stand in it (true rewards of a simulation, say) is not looked at. Refuses to make propensities up.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from tamesu.base import InvalidInput
from tamesu.evaluate.exchange.told import needed
from tamesu.evaluate.rounds import Rounds

_OURS = ("shown", "eligible", "decided")
"""Columns that others do not have, under the names of `Rounds`."""


def rounds_of_arrays(given: Mapping[str, Any]) -> Rounds:
    """Rounds out of a dictionary of arrays.

    Besides what the form has, `arms` may name the actions, and `shown`, `eligible`, `decided` and `cluster` be what
    they are in `Rounds`: so what `arrays_of` wrote is read back whole.

    Raises:
        InvalidInput: no actions, rewards or propensities, or ones that cannot be.
        ShapeMismatch: arrays of different lengths.

    Example:
        >>> given = {"n_actions": 3, "action": [2, 0], "reward": [1.0, 0.0], "pscore": [0.5, 0.25]}
        >>> rounds = rounds_of_arrays(given)
        >>> rounds.arms, rounds.chosen.tolist()
        (('0', '1', '2'), [2, 0])
    """
    needed(given, ("action", "reward", "pscore"), "a dictionary of arrays")
    action = np.asarray(given["action"])
    if action.ndim != 1 or not np.issubdtype(action.dtype, np.integer):
        raise InvalidInput(f"action must be (n,) whole numbers, got {action.dtype} {action.shape}")
    most = int(action.max(initial=-1)) + 1
    k = int(given.get("n_actions") or most)
    if action.min(initial=0) < 0 or most > k:
        raise InvalidInput(f"action must lie in 0..{k - 1}, got {action.min()} to {most - 1}")
    rounds = given.get("n_rounds")
    if rounds is not None and int(rounds) != len(action):
        raise InvalidInput(f"action must have n_rounds = {int(rounds)} entries, got {len(action)}")
    names = given.get("arms")
    among = [str(number) for number in range(k)] if names is None else [str(arm) for arm in names]
    if len(among) != k:
        raise InvalidInput(f"arms must name {k} actions, got {len(among)}")
    return Rounds.of(
        np.array(among, dtype=object)[action],
        given["reward"],
        given["pscore"],
        among=among,
        contexts=given.get("context"),
        features=given.get("action_context"),
        positions=given.get("position"),
        units=given.get("cluster"),
        **{name: given.get(name) for name in _OURS},
    )


def arrays_of(rounds: Rounds) -> dict[str, Any]:
    """A dictionary of arrays that `rounds_of_arrays` reads back whole, and other packages as far as they go."""
    whole = {name: getattr(rounds, name) for name in _OURS if getattr(rounds, name) is not None}
    return {
        "n_rounds": len(rounds),
        "n_actions": len(rounds.arms),
        "arms": list(rounds.arms),
        "context": rounds.context,
        "action_context": rounds.features,
        "action": rounds.chosen,
        "position": rounds.position,
        "reward": rounds.reward,
        "pscore": rounds.propensity,
        "cluster": rounds.cluster,
        **whole,
    }
