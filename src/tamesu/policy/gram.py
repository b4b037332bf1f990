"""Sums of products by group: as few and as large matrix products as there can be.

Refuses to know what is multiplied.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]

_FEW = 16
"""Groups of so few rows are multiplied together with others of their size."""

_NARROW = 1 << 16
"""Numbers below it are sorted several times as soon: by their bits."""


def gram(
    rows: Floats, left: int, codes: NDArray[np.intp], groups: int, weights: Floats | None = None
) -> Floats:
    """(groups, left, p) sums of w l rT over the rows of each group, l the first `left` columns of r.

    Groups of many rows are a product each, of few rows a stack of products for each number of rows: so
    neither a few groups nor thousands of them cost much more than the multiplication. O(n left p).

    Args:
        rows: (n, p), C-contiguous.
        left: how many columns are multiplied with all.
        codes: (n,) the group of each row, from 0.
        groups: how many there are.
        weights: (n,) w of each row; none where all are 1.

    Example:
        >>> rows = np.array([[1.0, 5.0], [2.0, 5.0], [3.0, 5.0]])
        >>> gram(rows, 1, np.array([0, 1, 0]), 2)
        array([[[10., 20.]],
        <BLANKLINE>
               [[ 4., 10.]]])
    """
    if groups == 1:
        first = rows[:, :left]
        product: Floats = (first if weights is None else first * weights[:, None]).T @ rows
        return product[None]
    sums = np.zeros((groups, left, rows.shape[1]))
    if not sums.size:
        return sums
    counts = np.bincount(codes, minlength=groups)
    # Groups of one size stand together, and each group's rows do.
    sizes = np.minimum(counts, _FEW + 1)
    place = sizes * groups + np.arange(groups)
    if groups * (_FEW + 2) <= _NARROW:
        place = place.astype(np.uint16)
    order = np.argsort(place[codes], kind="stable")
    rows = rows.take(order, axis=0)
    first = rows[:, :left]
    if weights is not None:
        first = first * weights.take(order)[:, None]
    start = 0
    for count in range(1, _FEW + 1):
        alike = np.flatnonzero(sizes == count)
        if len(alike):
            stop = start + count * len(alike)
            stack = first[start:stop].reshape(len(alike), count, left)
            sums[alike] = stack.transpose(0, 2, 1) @ rows[start:stop].reshape(
                len(alike), count, rows.shape[1]
            )
            start = stop
    for group in np.flatnonzero(sizes > _FEW).tolist():
        stop = start + int(counts[group])
        np.matmul(first[start:stop].T, rows[start:stop], out=sums[group])
        start = stop
    return sums
