"""The port of an index: items by their inner product with a query, the highest first.

Refuses to know what the numbers stand for, and to change: items that come are another index.
"""

from __future__ import annotations

from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from tamesu.base import ShapeMismatch

Singles: TypeAlias = NDArray[np.float32]


class Index(Protocol):
    """n items, each by an embedding (dim,).

    Laws: the same query gives the same items; none is given twice. Empty case: no items, none are found. Concurrent case: any number of threads may ask.

    Attributes:
        exact: whether it finds the highest ones, always; else most of them.
    """

    exact: bool

    def __len__(self) -> int:
        """How many items there are."""
        ...

    def nearest(self, query: Singles, most: int) -> NDArray[np.intp]:
        """(k,) rows of items, the highest inner product first, equal ones in their order; k at least min(most, n).

        One that is `exact` gives all that are level with the last of them, others none beyond `most`.

        Args:
            query: (dim,) finite.
            most: at least 0.

        Raises:
            ShapeMismatch: a query of another length.
        """
        ...


def refuse_other_lengths(query: Singles, embeddings: Singles) -> None:
    """Raises `ShapeMismatch` where a query has another length than items have."""
    if query.shape != embeddings.shape[1:]:
        raise ShapeMismatch(
            f"a query must be ({embeddings.shape[1]},) as items are, got {query.shape}"
        )
