"""A dictionary of arrays of slates, as packages for off-policy evaluation hand them around: a row a delivery.

    slate_id (m,)    action (m,) from 0      pscore_cascade (m,) of all down to here       context (n, d)
    position (m,)    reward (m,)             pscore (m,) of the whole slate                action_context (K, a)
    n_rounds         n_unique_action         pscore_item_position (m,) of the arm alone

Refuses to make up what stands above an arm: slates begin at position 0 and leave none out, and have an arm once.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tamesu.base import InvalidInput
from tamesu.evaluate.exchange.arrays import count, refuse_many
from tamesu.evaluate.exchange.told import needed
from tamesu.evaluate.slates import Slates

READ = (
    *("n_unique_action", "arms", "slate_id", "position", "action", "reward", "pscore", "shown"),
    *("pscore_cascade", "pscore_item_position", "context", "action_context", "eligible", "cluster"),
    "decided",
)
"""All that is looked at."""

_ROUNDED = 1e-6
"""By so much, in parts of it, two numbers that are the same may differ."""


def slates_of_arrays(given: Mapping[str, Any]) -> Slates:
    """Slates out of a dictionary of arrays, in the order of their ids; rows may stand in any order.

    `context`, `eligible`, `cluster` and `decided` have a row a slate; what `slate_arrays_of` wrote is read back whole, propensities
    but for rounding.

    Raises:
        InvalidInput: slates with holes, propensities that cannot be, or that are not those of the whole slate.
        ShapeMismatch: arrays of different lengths.

    Example:
        >>> given = {"n_unique_action": 3, "slate_id": [0, 0], "position": [0, 1], "action": [2, 0]}
        >>> given |= {"reward": [0.0, 1.0], "pscore_cascade": [0.5, 0.25], "pscore": [0.25, 0.25]}
        >>> slates_of_arrays(given).propensity.tolist()
        [[0.5, 0.5]]
    """
    names = ("slate_id", "position", "action", "reward", "pscore_cascade")
    needed(given, names, "a dictionary of slates")
    action, position = (_whole(given[name], name) for name in ("action", "position"))
    m = len(action)
    for name in (*names, "pscore", "pscore_item_position"):
        if given.get(name) is not None and np.shape(given[name]) != (m,):
            raise InvalidInput(f"{name} must be ({m},), got {np.shape(given[name])}")
    k = count(given, "n_unique_action", int(action.max(initial=-1)) + 1)
    refuse_many(k)
    if action.min(initial=0) < 0 or action.max(initial=-1) >= k:
        raise InvalidInput(f"action must lie in 0..{k - 1}, got one that does not")
    slate = np.unique(np.asarray(given["slate_id"]), return_inverse=True)[1]
    there = _filled(slate, position)
    n, size = there.shape
    placed = np.full((n, size), -1)
    placed[slate, position] = action
    _refuse_twice(placed)

    def table(values: Any, empty: float) -> NDArray[np.float64]:
        made = np.full((n, size), empty)
        made[slate, position] = np.asarray(values, dtype=np.float64)
        return made

    prefix = table(given["pscore_cascade"], np.nan)
    above = np.concatenate([np.ones((n, 1)), prefix[:, :-1]], axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        propensity = prefix / above
    if given.get("pscore") is not None:
        last = prefix[np.arange(n), there.sum(axis=1) - 1]
        _refuse_another(table(given["pscore"], np.nan), last, there)
    among = given.get("arms")
    arms = [str(one) for one in (range(k) if among is None else among)]
    if len(arms) != k:
        raise InvalidInput(f"arms must name {k} actions, got {len(arms)}")
    chosen = np.full((n, size), None, dtype=object)
    chosen[slate, position] = np.array(arms, dtype=object)[action]
    marginals = given.get("pscore_item_position")
    shown = given.get("shown")
    return Slates.of(
        chosen,
        table(given["reward"], 0.0),
        # Two products of the same numbers may differ in their last digit.
        np.where(np.abs(propensity - 1.0) < _ROUNDED, np.minimum(propensity, 1.0), propensity),
        among=arms,
        marginals=None if marginals is None else table(marginals, 1.0),
        contexts=given.get("context"),
        features=given.get("action_context"),
        eligible=given.get("eligible"),
        units=given.get("cluster"),
        shown=None if shown is None else table(shown, 0.0),
        decided=given.get("decided"),
    )


def slate_arrays_of(slates: Slates) -> dict[str, Any]:
    """A dictionary of arrays that `slates_of_arrays` reads back, and other packages as far as they go."""
    there = slates.there
    slate, position = np.nonzero(there)
    arrays: dict[str, Any] = {
        "n_rounds": len(slates),
        "n_unique_action": len(slates.arms),
        "arms": list(slates.arms),
        "context": slates.context,
        "action_context": slates.features,
        "slate_id": slate,
        "position": position,
        "action": slates.chosen[there],
        "reward": slates.reward[there],
        "pscore": slates.joint[slate],
        "pscore_cascade": slates.prefix[there],
        "shown": slates.shown[there],
        "cluster": slates.cluster,
        "decided": slates.decided,
    }
    if slates.marginal is not None:
        arrays["pscore_item_position"] = slates.marginal[there]
    if slates.eligible is not None:
        arrays["eligible"] = slates.eligible
    return arrays


def _whole(values: Any, name: str) -> NDArray[np.intp]:
    found = np.asarray(values)
    if found.ndim != 1 or not np.issubdtype(found.dtype, np.integer):
        raise InvalidInput(f"{name} must be (m,) whole numbers, got {found.dtype} {found.shape}")
    return found.astype(np.intp)


def _filled(slate: NDArray[np.intp], position: NDArray[np.intp]) -> NDArray[np.bool_]:
    """(n, L) which positions of which slates have a row (m,).

    Raises:
        InvalidInput: slates that do not begin at 0, have a position twice, or leave one out.
    """
    m, n = len(slate), int(slate.max(initial=-1)) + 1
    size = int(position.max(initial=-1)) + 1
    # Who leaves none out has no position as great as there are rows.
    inside = position.min(initial=0) >= 0 and size <= m
    there = np.zeros((n, size if inside else 1), np.bool_)
    if inside:
        there[slate, position] = True
    if int(there.sum()) != m or (there[:, 1:] & ~there[:, :-1]).any() or not there[:, :1].all():
        raise InvalidInput(
            "position must count from 0 in each slate, each once, and leave none out"
        )
    return there


def _refuse_twice(placed: NDArray[np.intp]) -> None:
    in_order = np.sort(placed, axis=1)
    twice = ((in_order[:, 1:] == in_order[:, :-1]) & (in_order[:, 1:] >= 0)).any(axis=1)
    if twice.any():
        raise InvalidInput(
            f"a slate must have an arm once, got one twice in slate {int(np.flatnonzero(twice)[0])} "
            f"({int(twice.sum()):,} of {len(placed):,} slates)",
            hint="where each position is chosen by itself, each is a round of its own: leave slate_id out, and give "
            "pscore_item_position as pscore",
        )


def _refuse_another(
    said: NDArray[np.float64], last: NDArray[np.float64], there: NDArray[np.bool_]
) -> None:
    """Propensities of whole slates that are not those of all down to their ends."""
    off = there & ~(np.abs(said - last[:, None]) <= _ROUNDED * last[:, None])
    if off.any():
        row = int(np.flatnonzero(off.any(axis=1))[0])
        raise InvalidInput(
            f"pscore must be pscore_cascade at the end of the slate, got {said[row, 0]:g} and {last[row]:g} in "
            f"slate {row} ({int(off.any(axis=1).sum()):,} of {len(last):,} slates)"
        )
