"""The mean context of what was observed, as whole numbers that add up in any order, bit for bit.

Refuses to weigh: it says where arms are summed up, and teaches nothing.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tamesu.base import GRID, Bug
from tamesu.policy.contract import Batch

USUAL = "usual"
"""Name of the sum among what all arms share."""

LARGEST = 1e6
"""Of a column; beyond it counts as that."""


def summed(batch: Batch, width: int) -> NDArray[np.int64]:
    """(width,) columns of contexts added up, in units of 1 / `GRID`.

    Raises:
        Bug: a batch without contexts, or with others.
    """
    context = batch.context
    if context is None or context.shape[1] != width:
        raise Bug(f"a batch must have contexts of {width} columns")
    whole = np.rint(np.clip(context, -LARGEST, LARGEST) * GRID).astype(np.int64)
    total: NDArray[np.int64] = (whole if batch.sign is None else whole * batch.sign[:, None]).sum(
        axis=0
    )
    return total


def usual(sums: NDArray[np.int64], observations: int) -> NDArray[np.float64]:
    """(width,) the mean of them; columns of 0 where nothing was observed."""
    return sums / (GRID * max(observations, 1))
