"""`Pieced`: a policy that was another one at other decisions, run again. Refuses decisions whose policy is gone."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from tamesu.base import NoSupport
from tamesu.evaluate.logged import Logged
from tamesu.evaluate.slates import Slates
from tamesu.evaluate.tabled import Piece

Floats: TypeAlias = NDArray[np.float64]


class Pieced:
    """`Below` of a policy in pieces, each of some decisions. All pieces are held.

    Args:
        logged: the decisions.
        pieces: each decision in at most one of them.

    Raises:
        NoSupport: a decision in no piece.
    """

    def __init__(self, logged: Logged, pieces: Iterable[Piece]) -> None:
        self._pieces: list[Piece] = list(pieces)
        self._whose = np.full(len(logged), -1)
        for number, (rows, _, _) in enumerate(self._pieces):
            self._whose[rows] = number
        gone = int(np.count_nonzero(self._whose < 0))
        if gone:
            raise NoSupport(
                f"to be run again a policy must be known in every decision, of {gone:,} of {len(logged):,} its "
                "snapshot is gone",
                hint="look at a later time:  --since; or take reward_interaction, which needs no runs",
            )

    def below(self, slates: Slates, above: NDArray[np.intp]) -> Floats:
        """(m, K) at the position below arms `above` (m, l)."""
        found = np.zeros((len(slates), len(slates.arms)))
        whose = self._whose[slates.row]
        for number in np.unique(whose).tolist():
            mine = np.flatnonzero(whose == number)
            piece = self._pieces[int(number)]
            found[mine] = piece[1].below(piece[2], slates.row[mine], above[mine])
        return found
