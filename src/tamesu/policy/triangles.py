"""Quadratic forms zT A^-1 z of many matrices at once, by the lower triangles R of RT R = A^-1.

|R z|^2 is a sum of squares: no rounding makes it negative. Where all the triangles do not fit beside the
processor, reading them is what costs, so their empty halves are left out. Refuses a root that is no
triangle.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]

_Band: TypeAlias = tuple[int, int, Floats]
"""The first row of a band, the one behind its last, and the band."""

_BLOCKS = 8
"""Bands of rows of large triangles: nine sixteenths of the square are read."""

_LARGE = 1 << 17
"""Numbers; a megabyte of them."""


class Triangles:
    """n forms of size p. O(n p^2) for one z, half of it where that is much.

    Example:
        >>> root = np.array([[[1.0, 0.0], [2.0, 3.0]]])
        >>> Triangles.of(root).squares(np.array([1.0, 1.0]))
        array([26.])
    """

    __slots__ = ("_bands", "_shape")

    def __init__(self, bands: Sequence[_Band], shape: tuple[int, int]) -> None:
        self._bands, self._shape = bands, shape

    @classmethod
    def of(cls, roots: Floats) -> Triangles:
        """Those of `roots` (n, p, p), lower triangles."""
        n, p, _ = roots.shape
        blocks = _BLOCKS if roots.size >= _LARGE and p >= 2 * _BLOCKS else 1
        edges = [p * i // blocks for i in range(blocks + 1)]
        # Row i of every triangle, then row i + 1: each band is one matrix, column by column, as a product
        # with one vector is soonest made of it.
        bands = [
            (n * first, n * last, np.asfortranarray(_band(roots, first, last)))
            for first, last in pairwise(edges)
        ]
        return cls(bands, (p, n))

    def replaced(self, others: Mapping[int, Floats]) -> Triangles:
        """The same with other triangles (p, p) at some places. O(n p^2) of copying, and no more."""
        n, bands = self._shape[1], list[_Band]()
        for first, last, band in self._bands:
            whole = band.copy(order="F")
            by_row = whole.T.reshape(-1, (last - first) // n, n)
            for place, root in others.items():
                by_row[:, :, place] = root[first // n : last // n, : len(by_row)].T
            bands.append((first, last, whole))
        return Triangles(bands, self._shape)

    def squares(self, rows: Floats) -> Floats:
        """(n,) of one row (p,), or (m, n) of m rows (m, p)."""
        return self._of_one(rows) if rows.ndim == 1 else self._of_many(rows)

    def _of_one(self, row: Floats) -> Floats:
        bands = self._bands
        if len(bands) == 1:
            parts = bands[0][2].dot(row)
        else:
            parts = np.empty(bands[-1][1])
            for first, last, band in bands:
                np.dot(band, row[: band.shape[1]], out=parts[first:last])
        by_form = parts.reshape(self._shape).T
        squares: Floats = np.vecdot(by_form, by_form)
        return squares

    def _of_many(self, rows: Floats) -> Floats:
        n = self._shape[1]
        squares = np.zeros((len(rows), n))
        for _, _, band in self._bands if n else ():
            parts = (rows[:, : band.shape[1]] @ band.T).reshape(len(rows), -1, n)
            squares += np.einsum("mpn,mpn->mn", parts, parts)
        return squares


def _band(roots: Floats, first: int, last: int) -> Floats:
    """(n (last - first), last) rows of all triangles, without what is empty in all of them."""
    return roots[:, first:last, :last].swapaxes(0, 1).reshape(-1, last)
