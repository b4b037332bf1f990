"""An index of neighbours of neighbours, for catalogues that are too large to be looked through (extra `index`).

Hierarchical navigable small worlds (Malkov & Yashunin 2018) by inner product, as `usearch` has them, of items around
their mean: <q, x> = <q, x - mean> + <q, mean>, so the order is the same, and neighbours are spread in all directions
instead of one (of 30,000 that a tower made .985 of the highest 100 are found, .865 without). The graph holds them in half
precision, and what is found is put in order in single. Refuses to promise the highest: `docs/math/retrieve.md` says how
many of them it finds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tamesu.base import InvalidInput, MissingExtra
from tamesu.ports.index import Singles, refuse_other_lengths

CONNECTIVITY = 24
"""Neighbours of an item: more find more, and cost memory and time to build."""

BUILDING = 64
"""Items that are looked at when one comes in."""

SEEKING = 4_096
"""Items that are looked at for a query, at least."""

AT_ONCE = 10_000
"""Items that come in between two words of progress."""

Progress = Callable[[int, int], None]
"""Items done, items in all."""


class UsearchIndex:
    """`Index` that finds most of the highest; the time of a query grows with the logarithm of n.

    Args:
        embeddings: (n, dim) finite; kept, to put what is found in order.
        threads: how many build it; built by one it is the same for ever.
        progress: told while it is built.

    Raises:
        MissingExtra: `usearch` is not installed.
        InvalidInput: an embedding that is not finite.
    """

    exact = False

    def __init__(
        self, embeddings: Singles, *, threads: int = 1, progress: Progress | None = None
    ) -> None:
        made = np.ascontiguousarray(embeddings, dtype=np.float32)
        if not np.isfinite(made).all():
            raise InvalidInput("embeddings must be finite")
        self._embeddings = made
        self._index = _empty(made.shape[1])
        mean = made.mean(axis=0, dtype=np.float64).astype(np.float32) if len(made) else 0.0
        # Half precision holds what lies within 1: the order is that of items in any unit.
        largest = max((float(np.abs(some - mean).max()) for some in _pieces(made)), default=0.0)
        for first in range(0, len(made), AT_ONCE):
            some = (made[first : first + AT_ONCE] - mean) / (largest or 1.0)
            keys = np.arange(first, first + len(some), dtype=np.uint64)
            self._index.add(keys, some, threads=threads)
            if progress is not None:
                progress(first + len(some), len(made))

    def __len__(self) -> int:
        return len(self._embeddings)

    def nearest(self, query: Singles, most: int) -> NDArray[np.intp]:
        """(k,) rows, the highest of those found first; where the graph leads to too few, all are looked at."""
        embeddings = self._embeddings
        refuse_other_lengths(query, embeddings)
        most = min(most, len(embeddings))
        if most < 1:
            return np.empty(0, dtype=np.intp)
        length = float(np.abs(query).max(initial=0.0)) or 1.0
        keys = self._index.search((query / length).astype(np.float32), most, threads=1).keys
        found = np.sort(np.asarray(keys).astype(np.intp))
        if len(found) < most:
            found = np.arange(len(embeddings))
        scores = embeddings[found] @ query.astype(np.float32)
        return found[np.argsort(-scores, kind="stable")][:most]


def _pieces(made: Singles) -> Iterator[Singles]:
    return (made[first : first + AT_ONCE] for first in range(0, len(made), AT_ONCE))


def refuse_missing() -> None:
    """Raises `MissingExtra` where `usearch` is not installed."""
    _kind()


def _kind() -> Any:
    try:
        from usearch.index import Index  # noqa: PLC0415 - an extra
    except ImportError as missing:
        raise MissingExtra.of("an index of neighbours", "index") from missing
    return Index


def _empty(dim: int) -> Any:
    return _kind()(
        ndim=dim,
        metric="ip",
        dtype="f16",
        connectivity=CONNECTIVITY,
        expansion_add=BUILDING,
        expansion_search=SEEKING,
    )
