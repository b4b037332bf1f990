"""Rewards as their user gives them, checked.

Refuses to guess a shape, and what is infinite.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tamesu.base import GRID, InvalidInput, ShapeMismatch
from tamesu.base.grid import LARGEST


def in_shape(values: Any, shape: tuple[int, ...], what: str = "rewards") -> NDArray[np.float64]:
    """`values` as floats of `shape`; none becomes NaN: nobody saw that delivery.

    Raises:
        ShapeMismatch: another shape.
        InvalidInput: something that is no number, infinite, or too large to be added up exactly.
    """
    try:
        array = np.array(values, dtype=np.float64)
    except (TypeError, ValueError, OverflowError) as problem:
        raise InvalidInput(f"{what} must be numbers of one shape, got {problem}") from problem
    if array.shape != shape:
        raise ShapeMismatch(f"{what} must have the shape {shape}, got {array.shape}")
    if np.isinf(array).any():
        raise InvalidInput(f"{what} must be finite, got an infinite one")
    if (np.abs(array) > LARGEST / GRID).any():
        raise InvalidInput(
            f"{what} must lie within ±{LARGEST / GRID:.2g}, got a larger one",
            hint="tell them in a larger unit",
        )
    return array


def without_unseen(rewards: NDArray[np.float64], what: str) -> NDArray[np.float64]:
    """`rewards` themselves.

    Raises:
        InvalidInput: one is missing where `what` needs them all.
    """
    if np.isnan(rewards).any():
        raise InvalidInput(f"rewards of {what} must be numbers, got NaN or none")
    return rewards
