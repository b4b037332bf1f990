"""Products and sums of whole numbers that are exact at any size.

Fast where 64 bits are enough, Python's own integers where they are not: the numbers are the same. So
sums do not depend on order, on batching or on machines. Refuses fractions.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

_MOST = 1 << 62
"""Below it 64 bits hold a sum or a product for certain."""

_FEW = 16
"""Of so few, Python's integers are added up sooner than 64 bits are checked."""


def times(one: NDArray[Any], other: NDArray[Any]) -> NDArray[Any]:
    """(n,) products of two columns, int64 where that holds them, else Python's integers."""
    if _largest(one) * _largest(other) < _MOST and object not in (one.dtype, other.dtype):
        product: NDArray[Any] = one * other
    else:
        product = one.astype(object) * other.astype(object)
    return product


def by_group(codes: NDArray[np.intp], groups: int, values: NDArray[Any]) -> NDArray[np.object_]:
    """(groups,) sum of the `values` (n,) of each code (n,), as Python's integers.

    Example:
        >>> by_group(np.array([0, 1, 0]), 2, np.array([2**62, 1, 2**62])).tolist()
        [9223372036854775808, 1]
    """
    if len(values) <= _FEW:
        added = [0] * groups
        for code, value in zip(codes.tolist(), values.tolist(), strict=True):
            added[code] += value
        return whole(added)
    small = values.dtype != object and _largest(values) * max(1, len(values)) < _MOST
    total = np.zeros(groups, np.int64 if small else object)
    np.add.at(total, codes, values if small else values.astype(object))
    return whole(total.tolist())


def whole(numbers: Iterable[int]) -> NDArray[np.object_]:
    """A column of Python's integers."""
    listed = list(numbers)
    column = np.empty(len(listed), dtype=object)
    column[:] = listed
    return column


def _largest(column: NDArray[Any]) -> int:
    return max(int(column.max(initial=0)), -int(column.min(initial=0)))
