"""An index that looks at every item: exact, and soon enough for a hundred thousand."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tamesu.ports.index import Singles, refuse_other_lengths

LEVEL = np.float32(1e-6)
"""Of the largest score: equal items differ by no more, wherever they stand among others."""


class ExactIndex:
    """`Index` over embeddings in memory; finds all that are level with the last. O(n dim) for a query.

    Args:
        embeddings: (n, dim); not copied where they are in single precision.
    """

    exact = True

    def __init__(self, embeddings: Singles) -> None:
        self._embeddings = np.ascontiguousarray(embeddings, dtype=np.float32)

    def __len__(self) -> int:
        return len(self._embeddings)

    def nearest(self, query: Singles, most: int) -> NDArray[np.intp]:
        """(k,) rows, the highest first; more than `most` where some are level."""
        embeddings = self._embeddings
        refuse_other_lengths(query, embeddings)
        if most < 1 or not len(embeddings):
            return np.empty(0, dtype=np.intp)
        scores = embeddings @ query.astype(np.float32)
        if most >= len(scores):
            return np.argsort(-scores, kind="stable")
        least = np.partition(scores, len(scores) - most)[len(scores) - most]
        found = np.flatnonzero(scores >= least - LEVEL * np.abs(scores).max())
        return found[np.argsort(-scores[found], kind="stable")]
