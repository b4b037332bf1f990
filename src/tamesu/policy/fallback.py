"""`Fallback`: what answers where a policy cannot: the arms that a bandit's team listed, then any.

Needs no state and no belief, so that nothing of what failed is asked again. Refuses to learn, and to
expect anything: every score is 0.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from tamesu.base import Bug, Declaration
from tamesu.policy.contract import Eligible
from tamesu.policy.eligibility import Eligibility, rows_of
from tamesu.policy.prepared import Choice
from tamesu.policy.uniforms import Uniforms, seed_key


class Fallback:
    """Chooses among `arms` by a declaration's `fallback`.

    A decision delivers the listed arms that are eligible, in their order; where they are too few,
    the other positions are drawn evenly from the eligible arms that remain. With k arms remaining an
    arm so drawn has the propensity 1/k, one that is listed has 1: it could be no other.

    Example:
        >>> declared = Declaration.parse(
        ...     {
        ...         "name": "front",
        ...         "arms": ["a", "b", "c"],
        ...         "seed": 1,
        ...         "layout": {"kind": "slate", "size": 2},
        ...         "fallback": ["c"],
        ...     }
        ... )
        >>> chosen = Fallback(declared, ["a", "b", "c"], 2).choose("front.1.x")
        >>> chosen.arms[0], chosen.propensities
        ('c', (1.0, 0.5))

    Args:
        declaration: with its seed.
        arms: the active ones: n ids, in the order of every vector.
        size: most deliveries of a decision.

    Attributes:
        contextual, figures: as of what a policy prepares: no context matters, and nothing was learnt.
    """

    contextual = False
    figures: Mapping[str, float] = MappingProxyType({})

    def __init__(self, declaration: Declaration, arms: Sequence[str], size: int) -> None:
        self.arms = tuple(arms)
        self._eligible = Eligibility(self.arms)
        self._size = size
        if declaration.seed is None:
            raise Bug("a declaration must have a seed before its fallback can choose")
        self._key = seed_key(declaration.seed)
        rows = {arm: row for row, arm in enumerate(self.arms)}
        listed = declaration.fallback or ()
        self._listed = tuple([rows[arm] for arm in listed if arm in rows])

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
        among = self._eligible(eligible)
        chosen = self._determined(among)
        propensities = [1.0] * len(chosen)
        rest = self._rest(among, chosen) if len(chosen) < self._size else []
        uniforms = Uniforms(self._key, decision_id)
        while rest and len(chosen) < self._size:
            propensities.append(1.0 / len(rest))
            chosen.append(rest.pop(int(uniforms(len(chosen)) * len(rest))))
        return Choice(
            tuple([self.arms[row] for row in chosen]),
            tuple(propensities),
            (0.0,) * len(chosen),
            None,
        )

    def propensities(
        self,
        eligible: Sequence[str] | None = None,
        decision_id: str | None = None,
        position: int = 0,
        context: NDArray[np.float64] | None = None,
    ) -> NDArray[np.float64]:
        """(n,) probability of each of `arms` to be placed first; the same for every decision.

        Of a position further down, where `eligible` leaves out what was placed above it: there.

        Raises:
            InvalidInput, NotFound: as `choose`.
        """
        del decision_id, position, context
        among = self._eligible(eligible)
        first = self._determined(among)[:1] or self._rest(among, [])
        vector = np.zeros(len(self.arms))
        vector[first] = 1.0 / len(first)
        return vector

    def _determined(self, among: Eligible) -> list[int]:
        """Rows of the listed arms that are eligible, as many as a decision delivers."""
        return [row for row in self._listed if among >> row & 1][: self._size]

    @staticmethod
    def _rest(among: Eligible, chosen: Sequence[int]) -> list[int]:
        """Rows that are eligible and not chosen, rising."""
        taken = {*chosen}
        rows: list[int] = rows_of(among).tolist()
        return [row for row in rows if row not in taken]
