"""`Along`: a declaration that learns along the log of another: what it would have known at each decision.

Before a decision it has learnt what the archive had come to by then, and nothing else, so that what it would have
chosen does not depend on what came of that decision: estimates stay unbiased, and sequences of them are martingales.
It learns what the logging policy did, not what it would have done itself. Refuses to look ahead.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from tamesu.base import Declaration, Observations, Reward, Time
from tamesu.evaluate import Asking, Logged, Piece, refuse_strangers
from tamesu.policy import compose
from tamesu.train import WarmUp

STATES = 1_000
"""That a candidate goes through where nobody says: each makes a thousandth of the decisions."""


class Along:
    """A candidate in pieces of `every` decisions, each at what it had learnt before the first of them.

    Args:
        logged: the decisions.
        declaration: of the candidate, with a seed.
        observations: all that was told, one batch a declaration, each in the order in which it was told.
        clauses: the reward of a declaration, by its number; none where it is not known.
        every: decisions that one state makes; none for a thousandth of them.

    Attributes:
        learnt: how many observations are in its last state.
        unlearnt: how many its belief could not learn.

    Raises:
        NoSupport: it cannot stand where the logging policy stood; see `Asking`.
    """

    def __init__(
        self,
        logged: Logged,
        declaration: Declaration,
        observations: Sequence[Observations],
        clauses: dict[int, Reward],
        every: int | None = None,
    ) -> None:
        self._logged, self._observations = logged, observations
        self._every = -(-len(logged) // STATES) if every is None else every
        self._policy = compose(declaration)
        self._ids = declaration.arm_ids
        refuse_strangers(logged, self._policy, self._ids)
        self._asking = Asking(logged, self._policy)
        self._clauses = clauses
        self.learnt = self.unlearnt = 0

    def pieces(self) -> Iterator[Piece]:
        """Each piece of decisions, and the policy as it stood then."""
        warm = WarmUp(self._policy, self._clauses.get)
        told = [0] * len(self._observations)
        n = len(self._logged)
        for first in range(0, n, self._every):
            now = Time(int(self._logged.decided[first]))
            for place, rows in enumerate(self._observations):
                until = int(np.searchsorted(rows.closed, now))
                if until > told[place]:
                    warm.take(rows.take(slice(told[place], until)))
                    told[place] = until
            while warm.settle(1 << 30):
                pass
            self.learnt, self.unlearnt = warm.observations, warm.left_out
            rows_now = np.arange(first, min(first + self._every, n))
            yield rows_now, self._asking, self._policy.prepare(warm.state, self._ids, now)
