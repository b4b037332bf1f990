"""The grid of rewards: whole multiples of 2⁻²⁰, so that sums are integers and no order changes a bit.

Refuses to overflow: what is too large saturates.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

GRID = 1 << 20
"""Rewards are whole multiples of 1 / GRID, so that sums are integers in any order."""

LARGEST = float(1 << 62)
"""Rewards and terms saturate here, half way to where a 64-bit integer ends."""


def to_grid(value: float) -> int:
    """`value` in whole 1 / GRID, halves to even, saturating at ±2^62.

    Example:
        >>> to_grid(0.5) == GRID // 2, to_grid(1e300) == 1 << 62
        (True, True)
    """
    return round(min(max(value * GRID, -LARGEST), LARGEST))


def to_grid_many(values: NDArray[np.float64]) -> NDArray[np.int64]:
    """`to_grid` of each of `values` (n,)."""
    bound = LARGEST / GRID
    # NumPy's own clip takes several times as long where values are few.
    within: NDArray[np.float64] = np.minimum(np.maximum(values, -bound), bound)
    return np.rint(within * GRID).astype(np.int64)
