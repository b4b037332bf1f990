"""Fading: weights of rows for sums of floats, where an observation counts half as much a half-life later.

Forward decay as in `tamesu.policy.forgetting`, for sums that are floats anyway: they are in units of
2^L, L the table's `LANDMARK`, the newest half-life that was taught. Whole half-lives are exact powers of
two, so moving the landmark rounds nothing, and tables of different landmarks add up (`Table.__add__`).
Refuses whole numbers: what counts observations is never forgotten.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tamesu.base import Declaration, Time
from tamesu.policy.contract import Batch
from tamesu.policy.forgetting import WEIGHT_BITS, half_life_of, weighed
from tamesu.policy.table import LANDMARK, Table


class Weights(NamedTuple):
    """What the rows of a batch weigh.

    Attributes:
        each: (n,) with the signs in them, in units of 2^landmark; none where each is 1.
        marks: what a table of their sums says is `highest`.
    """

    each: NDArray[np.float64] | None
    marks: dict[str, int]


class Weighing:
    """What rows weigh for one declaration: all 1, or halved with every half-life.

    Laws: the weight of a row now, `each` times `scale`, is 2^((its decision - now) / half-life), whatever
    else its batch holds and whenever it was learnt.
    """

    def __init__(self, half_life: int | None) -> None:
        self._half_life = half_life

    @property
    def forgets(self) -> bool:
        """Whether anything loses weight."""
        return self._half_life is not None

    def weights(self, batch: Batch) -> Weights:
        """What the rows of `batch` weigh."""
        sign = None if batch.sign is None else batch.sign.astype(np.float64)
        if self._half_life is None or not len(batch):
            return Weights(sign, {})
        numbers, whole = weighed(batch.decided, self._half_life)
        newest = int(numbers.max())
        # Nothing that is 2,000 half-lives old is anything but 0.
        ages = np.minimum(newest - numbers, 2_000).astype(np.int32)
        each = np.ldexp(whole.astype(np.float64), -ages - WEIGHT_BITS)
        return Weights(each if sign is None else each * sign, {LANDMARK: newest})

    def scale(self, state: Table, time: Time) -> float:
        """What a unit of the sums of `state` weighs at `time`; never more than when the newest was taught."""
        newest = state.highest.get(LANDMARK)
        if self._half_life is None or newest is None:
            return 1.0
        now, rest = divmod(max(time, newest * self._half_life), self._half_life)
        return math.ldexp(2.0 ** (-rest / self._half_life), max(newest - now, -2_000))


def weighing_of(declaration: Declaration) -> Weighing:
    """How a declaration weighs what its belief learns.

    Raises:
        InvalidDeclaration: a half-life shorter than the age at which a delivery is first learnt from.
    """
    return Weighing(half_life_of(declaration))
