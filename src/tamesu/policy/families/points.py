"""Scores by inner product, which say nothing of how sure they are."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from tamesu.policy.families.unsure import WithoutPosterior
from tamesu.policy.towers import Singles

Floats = NDArray[np.float64]

FEW = 1_000
"""As many arms may be missing from all of them, before those that are there are looked at one by one."""


ASKED = 64
"""An index is asked for so many, or twice as many, and so on: what a slate asks position by position is one answer."""


class Items(Protocol):
    """Arms as points."""

    @property
    def embeddings(self) -> Singles:
        """(n, dim) in single precision."""
        ...

    @property
    def exactly(self) -> Floats:
        """(n, dim) the same in double precision."""
        ...

    def nearest(self, query: Singles, most: int) -> NDArray[np.intp]:
        """(k,) rows, the highest inner product with a query (dim,) first."""
        ...


class PointsFamily(WithoutPosterior):
    """n scores <f, g_a>; no posteriors, so whoever asks for one has a defect.

    Scores of all are worked out when somebody asks for them: who wants the highest does not.

    Args:
        point: (dim,) f in double precision.
        items: g.
        some: rows of the arms meant; none for all.
    """

    __slots__ = ("_found", "_items", "_mean", "_point", "_some")

    lacks = "scores have no posterior: an explorer that needs one must not be composed with them"

    def __init__(self, point: Floats, items: Items, some: NDArray[np.intp] | None = None) -> None:
        self._point, self._items = point, items
        self._some = some
        self._found: tuple[int, NDArray[np.intp]] | None = None
        self._mean: Floats | None = None

    def take(self, rows: NDArray[np.intp]) -> PointsFamily:
        """The scores at `rows`."""
        some = rows if self._some is None else self._some[rows]
        return PointsFamily(self._point, self._items, some)

    def mean(self) -> Floats:
        """(n,) the scores."""
        mean = self._mean
        if mean is None:
            mean = self._mean = self.scores(None)
        return mean

    def scores(self, rows: NDArray[np.intp] | None) -> Floats:
        """(k,) those at `rows` (k,), and no others; none for all."""
        if self._some is not None:
            rows = self._some if rows is None else self._some[rows]
        items = self._items
        among = items.exactly if rows is None else items.embeddings[rows].astype(np.float64)
        scores: Floats = among @ self._point
        return scores

    def item(self, row: int) -> float:
        """One of them."""
        return float(self.scores(np.array([row]))[0])

    def highest(self, rows: NDArray[np.intp], most: int) -> NDArray[np.intp]:
        """(k,) places in `rows` (rising) of the `most` highest scores, as far as the index finds them, rising.

        Of those level with the last one, all that are found: equal arms are equal, whatever their order.
        """
        all_of_them = len(self._items.embeddings)
        missing = all_of_them - len(rows)
        places: NDArray[np.intp] = np.arange(len(rows))
        if self._some is None and missing <= FEW:
            here = np.zeros(all_of_them, dtype=np.bool_)
            here[self._nearest(most + missing)] = True
            places = np.flatnonzero(here[rows])
        # Equal points have equal scores but for the last bits, which single precision does not have.
        scores = (self.scores(rows[places]) / self._length).astype(np.float32)
        return places[highest(scores, most)]

    @property
    def _length(self) -> float:
        """By which a query is divided: its order is that of any in its direction, and single precision holds this one."""
        return float(np.abs(self._point).max(initial=0.0)) or 1.0

    def _nearest(self, most: int) -> NDArray[np.intp]:
        """(k,) rows that the index finds, `most` or a few more of them."""
        most = -(-most // ASKED) * ASKED
        found = self._found
        if found is None or found[0] != most:
            query = (self._point / self._length).astype(np.float32)
            found = self._found = most, self._items.nearest(query, most)
        return found[1]

    def deviation(self) -> Floats:
        """(n,) infinite: nothing is known of it."""
        return np.full(len(self.mean()), np.inf)

    def quantile(self, q: float | Floats) -> Floats:
        """The score, whatever the share."""
        shape = np.broadcast_shapes(np.shape(q), self.mean().shape)
        return np.broadcast_to(self.mean(), shape).copy()


def highest(scores: Floats | Singles, most: int) -> NDArray[np.intp]:
    """(k,) places of the `most` highest scores (n,), rising; of those level with the last one, all.

    Example:
        >>> highest(np.array([0.1, 0.5, 0.3, 0.3]), 2)
        array([1, 2, 3])
    """
    n = len(scores)
    if most >= n:
        return np.arange(n)
    least = np.partition(scores, n - most)[n - most]
    return np.flatnonzero(scores >= least)
