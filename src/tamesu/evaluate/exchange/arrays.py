"""A dictionary of arrays, as packages for off-policy evaluation hand bandit feedback around.

    action (n,) from 0       pscore (n,)            n_actions         context (n, d)
    reward (n,)              position (n,) or none  n_rounds          action_context (K, a)

Where the logging policy's whole distributions `pi_b` (n, K) stand beside them, propensities are held against them. What
else may stand in it (true rewards of a simulation, say) is not looked at. Refuses to make propensities up, and
slates, whose propensities say how likely all of it was.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tamesu.base import InvalidInput, TooLarge
from tamesu.evaluate.contrast import are_others
from tamesu.evaluate.exchange.told import needed
from tamesu.evaluate.rounds import Rounds

_OURS = ("shown", "eligible", "decided")
"""Columns that others do not have, under the names of `Rounds`."""

MOST_ARMS = 1_000_000
"""Of a log."""

READ = (
    *("n_rounds", "n_actions", "arms", "action", "reward", "pscore", "position"),
    *("context", "context_names", "action_context", "cluster", "slate_id", "pi_b", *_OURS),
)
"""All that is looked at."""


def rounds_of_arrays(given: Mapping[str, Any]) -> Rounds:
    """Rounds out of a dictionary of arrays.

    Besides what the form has, `arms` may name the actions, and `shown`, `eligible`, `decided` and `cluster` be what
    they are in `Rounds`: so what `arrays_of` wrote is read back whole.

    Raises:
        InvalidInput: no actions, rewards or propensities, ones that cannot be, or propensities that are not those of
            `pi_b`.
        ShapeMismatch: arrays of different lengths.

    Example:
        >>> given = {"n_actions": 3, "action": [2, 0], "reward": [1.0, 0.0], "pscore": [0.5, 0.25]}
        >>> rounds = rounds_of_arrays(given)
        >>> rounds.arms, rounds.chosen.tolist()
        (('0', '1', '2'), [2, 0])
    """
    if given.get("slate_id") is not None:
        raise InvalidInput(
            "a dictionary of arrays must be of decisions of one arm each, got slate_id",
            hint="these are slates: slates_of_arrays reads them",
        )
    needed(given, ("action", "reward", "pscore"), "a dictionary of arrays")
    action = np.asarray(given["action"])
    if action.ndim != 1 or not np.issubdtype(action.dtype, np.integer):
        raise InvalidInput(f"action must be (n,) whole numbers, got {action.dtype} {action.shape}")
    most = int(action.max(initial=-1)) + 1
    k = count(given, "n_actions", most)
    refuse_many(k)
    if action.min(initial=0) < 0 or most > k:
        raise InvalidInput(f"action must lie in 0..{k - 1}, got {action.min()} to {most - 1}")
    if count(given, "n_rounds", len(action)) != len(action):
        raise InvalidInput(
            f"action must have n_rounds = {count(given, 'n_rounds', 0)} entries, got {len(action)}"
        )
    names = given.get("arms")
    among = [str(number) for number in range(k)] if names is None else [str(arm) for arm in names]
    if len(among) != k:
        raise InvalidInput(f"arms must name {k} actions, got {len(among)}")
    rounds = Rounds.of(
        np.array(among, dtype=object)[action] if k else [],
        given["reward"],
        given["pscore"],
        among=among,
        contexts=given.get("context"),
        features=given.get("action_context"),
        positions=given.get("position"),
        units=given.get("cluster"),
        **{name: given.get(name) for name in _OURS},
    )
    if given.get("pi_b") is not None:
        _refuse_another(rounds, np.asarray(given["pi_b"]))
    return rounds


def refuse_many(arms: int) -> None:
    """Raises where there would be more arms than anything is made for.

    Raises:
        TooLarge: as said.
    """
    if arms > MOST_ARMS:
        raise TooLarge(f"a log may have {MOST_ARMS:,} arms, this one says {arms:,}")


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


def count(given: Mapping[str, Any], name: str, otherwise: int) -> int:
    """The whole number under `name`, or `otherwise`.

    Raises:
        InvalidInput: something else stands there.
    """
    value = given.get(name)
    if value is None:
        return otherwise
    try:
        found = int(value)
    except (TypeError, ValueError) as problem:
        raise InvalidInput(f"{name} must be a whole number, got something else") from problem
    if found < 0:
        raise InvalidInput(f"{name} must be at least 0, got {found}")
    return found


def _refuse_another(rounds: Rounds, distributions: NDArray[Any]) -> None:
    """Propensities that are not those of the distributions (n, K) or (n, K, positions) that stand beside them."""
    n, k = len(rounds), len(rounds.arms)
    if distributions.ndim not in {2, 3} or distributions.shape[:2] != (n, k):
        raise InvalidInput(f"pi_b must be ({n}, {k}), got {distributions.shape}")
    mine = distributions[np.arange(n), rounds.chosen]
    if mine.ndim == 2:  # noqa: PLR2004 - by position, too
        mine = mine[np.arange(n), rounds.position if mine.shape[1] > 1 else 0]
    off = are_others(mine, rounds.propensity)
    if off.any():
        row = int(np.flatnonzero(off)[0])
        raise InvalidInput(
            f"pscore must be what pi_b says of the action, got {rounds.propensity[row]:g} and {mine[row]:g} "
            f"in row {row} ({int(off.sum()):,} of {n:,} rows)"
        )
