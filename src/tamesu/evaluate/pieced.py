"""`Pieced`: a policy that was another one at other decisions, run again. Refuses decisions whose policy is gone."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from tamesu.base import NoSupport
from tamesu.evaluate.slates import Slates
from tamesu.evaluate.tabled import Piece

Floats: TypeAlias = NDArray[np.float64]
Rows: TypeAlias = NDArray[np.intp]


class Pieced:
    """`Below` of a policy in pieces. Those of the slates that it was last asked about are held, and no others.

    Args:
        decisions: how many there are.
        pieces: gives those of some rows at least, each decision in at most one of them.
    """

    def __init__(self, decisions: int, pieces: Callable[[Rows], Iterable[Piece]]) -> None:
        self._of = pieces
        self._pieces: list[Piece] = []
        self._whose = np.full(decisions, -1)

    def below(self, slates: Slates, above: Rows) -> Floats:
        """(m, K) at the position below arms `above` (m, l).

        Raises:
            NoSupport: a decision in no piece.
        """
        found = np.zeros((len(slates), len(slates.arms)))
        whose = self._held(slates.row)
        for number in np.unique(whose).tolist():
            mine = np.flatnonzero(whose == number)
            piece = self._pieces[int(number)]
            found[mine] = piece[1].below(piece[2], slates.row[mine], above[mine])
        return found

    def _held(self, rows: Rows) -> NDArray[np.intp]:
        """(m,) the number of the piece of each of `rows`."""
        if (self._whose[rows] < 0).any():
            self._pieces, self._whose[:] = [], -1
            for piece in self._of(rows):
                self._whose[piece[0]] = len(self._pieces)
                self._pieces.append(piece)
            refuse_gone(int(np.count_nonzero(self._whose[rows] < 0)), len(rows))
        held: NDArray[np.intp] = self._whose[rows]
        return held


def refuse_gone(gone: int, decisions: int) -> None:
    """Raises `NoSupport` where there are decisions of which the policy is `gone`."""
    if gone:
        raise NoSupport(
            f"to be run again a policy must be known in every decision, of {gone:,} of {decisions:,} its "
            "snapshot is gone",
            hint="look at a later time:  --since; or take reward_interaction, which needs no runs",
        )
