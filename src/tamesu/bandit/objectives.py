"""What came of decisions by several objectives, as people give it: values by name, in the objectives' units.

Refuses to take an objective that is not named for 0.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tamesu.bandit.rewards import in_shape
from tamesu.base import GRID, InvalidDeclaration, InvalidInput, ShapeMismatch
from tamesu.base.aims import LARGEST, Aims
from tamesu.base.errors import listing

Reward: TypeAlias = float | Mapping[str, float]
"""What one delivery came to: a number, or one for each objective."""

Columns: TypeAlias = ArrayLike | Mapping[str, ArrayLike]
"""What many came to, likewise."""


class Given(NamedTuple):
    """What deliveries came to.

    Attributes:
        rewards: of the shape that was asked for: as one number each, NaN where nobody saw the delivery.
        vectors: the same shape and D more: by each objective in 1 / GRID of its range; none where rewards are
            learnt as one number.
    """

    rewards: NDArray[np.float64]
    vectors: NDArray[np.int64] | None

    def in_rows(self, n: int, k: int) -> Given:
        """The same of n decisions of k deliveries: (n, k), and (n, k, D)."""
        vectors = self.vectors
        apart = None if vectors is None else vectors.reshape(n, k, vectors.shape[-1])
        return Given(self.rewards.reshape(n, k), apart)


def given(values: Any, shape: tuple[int, ...], aims: Aims | None, what: str = "rewards") -> Given:
    """`values` of deliveries of `shape`: numbers, or by objective.

    Args:
        values: numbers; or, of a bandit with objectives, a mapping from each to values of `shape`, or such
            mappings one by one.
        shape: (n,), or (n, k).
        aims: the objectives, where there are several.
        what: what to call them in messages.

    Raises:
        ShapeMismatch: another shape.
        InvalidInput: something that is no number, infinite, not seen by one objective alone, or not what
            the bandit learns from.
    """
    columns = _columns(values)
    if columns is None:
        if aims is not None and aims.are_apart:
            raise InvalidInput(
                f"{what} must say what each objective came to, got numbers",
                hint=f"for example  reward={{{', '.join(f'{name!r}: 1' for name in aims.names[:3])}}}",
            )
        return Given(in_shape(values, shape, what), None)
    if aims is None:
        raise InvalidInput(
            f"{what} must be numbers, got objectives: this bandit has none",
            hint="Bandit(..., objectives={'clicks': (0, 1), 'revenue': (0, 100)})",
        )
    for name in columns:
        if name not in aims.names:
            raise InvalidInput.unknown_choice(name, aims.names, what)
    missing = [name for name in aims.names if name not in columns]
    if missing:
        raise InvalidInput(
            f"{what} must say what each objective came to; missing: {listing(missing)}"
        )
    told = [in_shape(columns[name], shape, f"{what} of {name!r}") for name in aims.names]
    return _counted(np.stack(told, axis=-1), aims, what)


def _columns(values: Any) -> Mapping[str, Any] | None:
    """Values by objective, or none where they are numbers."""
    if isinstance(values, Mapping):
        return {str(name): value for name, value in values.items()}
    if not isinstance(values, Sequence) or isinstance(values, str):
        return None
    if not any(isinstance(one, Mapping) for one in values):
        return None
    names = dict.fromkeys(str(name) for one in values if isinstance(one, Mapping) for name in one)
    for one in values:
        if one is not None and not (isinstance(one, Mapping) and names.keys() == one.keys()):
            raise ShapeMismatch(
                "rewards by objective must all name the same ones, or be none where nobody saw a delivery"
            )
    return {name: [None if one is None else one[name] for one in values] for name in names}


def _counted(values: NDArray[np.float64], aims: Aims, what: str) -> Given:
    """Values (..., D) in the units of the objectives."""
    unseen = np.isnan(values)
    if (unseen.any(axis=-1) != unseen.all(axis=-1)).any():
        raise InvalidInput(
            f"{what} must be none by every objective or by none: a delivery was seen or it was not"
        )
    low, high = np.array(aims.ranges).T
    width = high - low
    rewards: NDArray[np.float64] = (values / width) @ np.array(aims.shares)
    if not aims.are_apart:
        return Given(rewards, None)
    lies = np.where(unseen, 0.0, (values - low) / width * GRID)
    return Given(rewards, np.rint(np.clip(lies, -LARGEST, LARGEST)).astype(np.int64))


def spelt(objectives: Any, scalarise: Any, reward: Any, belief: Any) -> Mapping[str, Any]:
    """The clause `reward` of a declaration whose objectives are given as names and ranges.

    Each is an event of its own name, of which the values add up; for the belief beta, which knows 0 and 1
    alone, it is there or it is not.

    Raises:
        InvalidDeclaration: something else, or events beside them.
    """
    if not isinstance(objectives, Mapping):
        raise InvalidDeclaration(
            f"objectives must be a mapping of names to ranges, got {type(objectives).__name__}",
            hint="for example  objectives={'clicks': (0, 1), 'revenue': (0, 100)}",
        )
    rest = {} if reward is None else reward
    if not isinstance(rest, Mapping) or {"events", "objectives", "scalarise"} & rest.keys():
        raise InvalidDeclaration(
            "objectives must be given once: beside them, reward says neither events nor objectives"
        )
    kind = belief.get("kind") if isinstance(belief, Mapping) else belief
    aggregate = "any" if kind == "beta" else "sum"
    written = {
        str(name): {
            "events": {str(name): {"weight": 1.0, "aggregate": aggregate}},
            "range": _range(str(name), one),
        }
        for name, one in objectives.items()
    }
    if len(written) < len(objectives):
        raise InvalidDeclaration(
            f"names of objectives must differ as texts, got {str([*objectives])[:80]}"
        )
    told: dict[str, Any] = {} if scalarise is None else {"scalarise": scalarise}
    return {**rest, "objectives": written, **told}


def _range(name: str, given: Any) -> list[float]:
    try:
        ends: Sequence[Any] = [] if isinstance(given, str) else list(given)
        low, high = (float(end) for end in ends)
    except (TypeError, ValueError, OverflowError) as problem:
        raise InvalidDeclaration(
            f"objective {name[:80]!r} must be a range of two numbers, got {given!r}",
            hint="for example  (0, 100)",
        ) from problem
    if not (math.isfinite(low) and math.isfinite(high)):
        raise InvalidDeclaration(f"the range of objective {name[:80]!r} must be finite")
    return [low, high]
