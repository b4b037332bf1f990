"""`Tabled`: a candidate asked once, piece by piece, and remembered: one that is another at every decision.

Refuses tables that no machine has room for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from tamesu.base import InvalidInput
from tamesu.evaluate.asking import Asking
from tamesu.evaluate.logged import Logged
from tamesu.evaluate.rounds import Rounds
from tamesu.evaluate.slates import Slates
from tamesu.policy import Prepared

Floats: TypeAlias = NDArray[np.float64]
Piece: TypeAlias = tuple[NDArray[np.intp], Asking, Prepared]
"""Some decisions, by their rows, and the policy that would have made them."""

MOST_NUMBERS = 1 << 28
"""Of a table decisions times arms: 2 GiB."""


class Tabled:
    """`Shares` of rounds, or of slates, out of a table.

    Args:
        table: (n, K) of rounds, (n, L) of slates.
    """

    def __init__(self, table: Floats) -> None:
        self._table = table

    def __call__(self, rounds: Rounds) -> Floats:
        """(m, K)."""
        return self._table[rounds.row]

    def placed(self, slates: Slates) -> Floats:
        """(m, L) of the logged arms, each given those above it."""
        return self._table[slates.row]


def table_of(
    logged: Logged, pieces: Iterable[Piece], tell: Callable[[int], Any] | None = None
) -> Floats:
    """What a candidate would have done: (n, K) of rounds, (n, L) of slates; 0 of decisions in no piece.

    Args:
        logged: the decisions.
        pieces: each decision in at most one of them.
        tell: hears how many decisions are done.

    Raises:
        InvalidInput: too many numbers.
    """
    n, size = len(logged), logged.size
    width = size if size > 1 else len(logged.arms)
    if n * width > MOST_NUMBERS:
        raise InvalidInput(
            f"decisions times arms must be at most {MOST_NUMBERS:,}, got {n:,} times {width:,}",
            hint="look at a shorter time:  --since",
        )
    table, done = np.zeros((n, width)), 0
    for rows, asking, prepared in pieces:
        asked = asking.placed if size > 1 else asking.shares
        table[rows] = asked(prepared, rows)
        done += len(rows)
        if tell is not None:
            tell(done)
    return table
