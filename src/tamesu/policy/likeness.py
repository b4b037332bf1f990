"""`apart` and `alike`: how far two states of one policy lie apart, and whether that is rounding alone.

What adds up in floats depends, in its last digits, on the order in which it was added; what adds up in
whole numbers does not. Refuses to say which of two is right.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tamesu.policy.table import State, Table

TOLERANCE = 1e-9
"""Largest distance between states that were learnt from the same rows, in whatever order and pieces."""


def apart(one: State, other: State) -> float:
    """The largest difference of two floats, relative to the largest number of their column or to 1.

    0 where both are the same, bit for bit. Infinite where whole numbers differ, where they are of
    different shapes, or where something is not a number. An arm that only one of them has counts as zeros:
    what was taken back leaves dust.

    Example:
        >>> import numpy as np
        >>> learnt = State((Table.of(["a"], {"sum": np.array([0.3])}),))
        >>> again = State((Table.of(["a"], {"sum": np.array([0.1 + 0.2])}),))
        >>> 0.0 < apart(learnt, again) < 1e-15
        True
    """
    if len(one.parts) != len(other.parts):
        return math.inf
    return max(
        (_tables(mine, theirs) for mine, theirs in zip(one.parts, other.parts, strict=True)),
        default=0.0,
    )


def alike(one: State, other: State) -> bool:
    """Whether two states are what the same rows come to, added up in two ways."""
    return apart(one, other) <= TOLERANCE


def _tables(one: Table, other: Table) -> float:
    named = one.per_arm.keys() == other.per_arm.keys() and one.shared.keys() == other.shared.keys()
    if not named or one.highest != other.highest:
        return math.inf
    arms = sorted({*one.arms, *other.arms})
    pairs: Iterable[tuple[NDArray[Any], NDArray[Any]]] = [
        *((one.column(name, arms), other.column(name, arms)) for name in one.per_arm),
        *((one.shared[name], other.shared[name]) for name in one.shared),
    ]
    return max((_arrays(*pair) for pair in pairs), default=0.0)


def _arrays(one: NDArray[Any], other: NDArray[Any]) -> float:
    if one.shape != other.shape or one.dtype != other.dtype:
        return math.inf
    if one.dtype != np.float64:
        return 0.0 if np.array_equal(one, other) else math.inf
    if not one.size:
        return 0.0
    if not (np.isfinite(one).all() and np.isfinite(other).all()):
        return math.inf
    scale = max(1.0, float(np.abs(one).max()), float(np.abs(other).max()))
    return float(np.abs(one / scale - other / scale).max())
