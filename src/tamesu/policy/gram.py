"""Sums of products by group: as few and as large matrix products as there can be, of rows that are still near.

Refuses to know what is multiplied.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]

Number = TypeVar("Number", np.float64, np.intp)

Some: TypeAlias = NDArray[np.intp] | None
"""Which rows of a batch; none for all, in their order."""

BLOCK = 1 << 15
"""Numbers in the rows that are made and multiplied at once: a quarter of a megabyte, which stays in a processor's
cache, and in memory that a process has already."""

_FEW = 16
"""Groups of so few rows are multiplied together with others of their size."""

_NARROW = 1 << 16
"""Numbers below it are sorted several times as soon: by their bits."""


class Sums(NamedTuple):
    """Sums of products of k arms, and of what all arms share.

    Attributes:
        own: (k, p, p + q + 1) own columns times own, joint and response.
        joint: (q, q + 1) joint columns times joint and response.
    """

    own: Floats
    joint: Floats

    def __add__(self, other: object) -> Sums:
        if not isinstance(other, Sums):
            return NotImplemented
        return Sums(self.own + other.own, self.joint + other.joint)


def sums_of(
    rows_of: Callable[[Some], Floats],
    shape: tuple[int, int],
    codes: NDArray[np.intp],
    groups: int,
    weights: Floats | None = None,
) -> Sums:
    """What n rows (p + q + 1,) of own columns, joint ones and a response add up to, block by block.

    Args:
        rows_of: to some of them, (m, p + q + 1), C-contiguous.
        shape: p and q.
        codes: (n,) the arm of each row, from 0.
        groups: how many arms there are.
        weights: (n,) of each row; none where all are 1.
    """
    p, q = shape
    sums = Sums(np.zeros((groups, p, p + q + 1)), np.zeros((q, q + 1)))
    step = max(1, BLOCK // (p + q + 1))
    order = _by_group(codes, groups) if len(codes) > step else None
    for start in range(0, len(codes), step):
        some = None if order is None else order[start : start + step]
        rows, here = rows_of(some), these(codes, some)
        each = None if weights is None else these(weights, some)
        if p:
            first, last = (0, groups - 1) if order is None else (int(here[0]), int(here[-1]))
            part = gram(rows, p, here - first, last - first + 1, each)
            sums.own[first : last + 1] += part
        if q:
            joint = rows[:, p:]
            left = joint[:, :-1]
            sums.joint[...] += (left if each is None else left * each[:, None]).T @ joint
    return sums


def these(columns: NDArray[Number], some: Some) -> NDArray[Number]:
    """`some` (m,) rows of columns (n, ...)."""
    return columns if some is None else columns.take(some, axis=0)


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
    order = _by_group(place[codes], groups * (_FEW + 2))
    rows = rows.take(order, axis=0)
    first = rows[:, :left]
    if weights is not None:
        first = first * weights.take(order)[:, None]
    start = 0
    for count in (np.flatnonzero(np.bincount(sizes)[1 : _FEW + 1]) + 1).tolist():
        alike = np.flatnonzero(sizes == count)
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


def _by_group(codes: NDArray[np.intp], groups: int) -> NDArray[np.intp]:
    """(n,) where the rows stand once they are sorted by `codes` (n,), those of one code in their order."""
    narrow = codes.astype(np.uint16) if groups <= _NARROW else codes
    return np.argsort(narrow, kind="stable")
