"""`CombinedFallback`: a combination without a belief: the listed options as far as they go, then any.

Refuses to learn, and to expect anything: every score is 0.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tamesu.base import Bug, Declaration
from tamesu.policy.combination.combiner import Combiner
from tamesu.policy.combination.space import Among, Rows
from tamesu.policy.contract import Eligible
from tamesu.policy.eligibility import rows_of
from tamesu.policy.fallback import Fallback
from tamesu.policy.prepared import Choice
from tamesu.policy.uniforms import Uniforms


class CombinedFallback(Fallback):
    """Chooses a combination by a declaration's `fallback`.

    The listed options are taken in their order, each that is eligible, whose slot is still free and that
    leaves a combination; of the combinations left one is drawn evenly.

    Args:
        declaration: with its seed.
        combiner: of it.
        arms: the active options.
    """

    def __init__(self, declaration: Declaration, combiner: Combiner, arms: Sequence[str]) -> None:
        super().__init__(declaration, arms, 1)
        if combiner.key is None:
            raise Bug("a declaration must have a seed before its fallback can choose")
        self._combiner = combiner
        self._options = combiner.rows(self.arms)
        self._wanted = combiner.rows(declaration.fallback or ())

    def choose(
        self,
        decision_id: str,
        eligible: Sequence[str] | None = None,
        context: NDArray[np.float64] | None = None,
    ) -> Choice:
        """What the decision `decision_id` delivers: always the same for the same id, in any context.

        Raises:
            InvalidInput, NotFound: an eligible set that cannot be.
        """
        del context
        among = self._left(self._eligible(eligible))
        uniforms = Uniforms(self._key, decision_id)
        rows = among.draw([uniforms(slot) for slot in range(len(self._combiner.space.slots))])
        name = self._combiner.space.named(rows.tolist())
        return Choice((name,), (1.0 / among.count,), (0.0,), None)

    def propensities(
        self,
        eligible: Sequence[str] | None = None,
        decision_id: str | None = None,
        position: int = 0,
        context: NDArray[np.float64] | None = None,
    ) -> NDArray[np.float64]:
        """(n,) probability of each option to be in the combination; the same for every decision.

        Raises:
            InvalidInput, NotFound: as `choose`.
        """
        del decision_id, position, context
        even: NDArray[np.float64] = self._left(self._eligible(eligible)).even[self._options]
        return even

    def _left(self, eligible: Eligible) -> Among:
        """The combinations of eligible options, and of those listed as far as they go."""
        space = self._combiner.space
        rows: Rows = np.sort(self._options[rows_of(eligible)])
        among = Among(space, rows)
        for wanted in self._wanted.tolist():
            if wanted in rows and among.even[wanted]:
                rows = rows[(space.slot_of[rows] != space.slot_of[wanted]) | (rows == wanted)]
                among = Among(space, rows)
        return among
