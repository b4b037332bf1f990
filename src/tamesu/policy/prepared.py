"""A policy at one state and one moment, ready to choose: the hot path of every decision.

Context-free distributions depend on the state and the eligible set alone, so each is computed once
and kept, up to a bound. Safe for any number of reading threads: what two of them compute twice is
equal. Refuses to learn.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from tamesu.base import InvalidInput, NotFound
from tamesu.policy.chooser import Distribution
from tamesu.policy.contract import Eligible, Explorer, Layout, Marginals
from tamesu.policy.uniforms import Uniforms

MOST_KEPT = 1 << 20
"""Propensities kept per belief; beyond it the memory starts anew."""

MOST_SETS = 1 << 12
"""Lists of eligible arms remembered; beyond it the memory starts anew."""


class Choice(msgspec.Struct, frozen=True, gc=False):
    """What one decision delivers, by position.

    Attributes:
        arms: their ids.
        propensities: each given the arms placed before it.
        scores: expected reward of each.
        draws: Monte Carlo draws behind the propensities; none where they are exact.
    """

    arms: tuple[str, ...]
    propensities: tuple[float, ...]
    scores: tuple[float, ...]
    draws: int | None


class Prepared:
    """Chooses among `arms` by what one state thinks of them.

    Attributes:
        arms: n ids, in the order of every vector.
    """

    def __init__(
        self,
        arms: tuple[str, ...],
        marginals: Sequence[Marginals],
        explorer: Explorer,
        layout: Layout,
        key: bytes,
    ) -> None:
        self.arms = arms
        self._marginals = tuple(marginals)
        self._explorer = explorer
        self._layout = layout
        self._key = key
        self._all: Eligible = (1 << len(arms)) - 1
        self._bits = {arm: 1 << row for row, arm in enumerate(arms)}
        self._sets: dict[tuple[str, ...], Eligible] = {}
        self._kept = [_Kept(part, explorer) for part in self._marginals]
        self._distributions = tuple(kept.distribution for kept in self._kept)
        self._scores = [part.family.mean().tolist() for part in self._marginals]
        self._draws = explorer.draws(self._marginals[0])
        if arms:
            for distribution in self._distributions:
                distribution(self._all)

    def choose(self, decision_id: str, eligible: Sequence[str] | None = None) -> Choice:
        """What the decision `decision_id` delivers: always the same for the same id.

        Args:
            decision_id: the source of its uniforms.
            eligible: ids that may be chosen, in any order; none for all.

        Raises:
            InvalidInput: no eligible arm, or one named twice.
            NotFound: an eligible arm that is not here.
        """
        among = self._eligible(eligible)
        rows, propensities = self._layout.choose(
            self._distributions, among, Uniforms(self._key, decision_id)
        )
        arms, scores = self.arms, self._scores[0]
        return Choice(
            tuple([arms[row] for row in rows]),
            propensities,
            tuple([scores[row] for row in rows]),
            self._draws,
        )

    def propensities(self, eligible: Sequence[str] | None = None) -> NDArray[np.float64]:
        """(n,) probability of each of `arms` to be chosen first; 0 for arms not eligible.

        Raises:
            InvalidInput, NotFound: as `choose`.
        """
        distribution = self._distributions[0](self._eligible(eligible))
        vector = np.zeros(len(self.arms))
        vector[distribution.rows] = distribution.propensities
        return vector

    def _eligible(self, eligible: Sequence[str] | None) -> Eligible:
        if eligible is None:
            if not self._all:
                raise InvalidInput("at least one arm must be active, got none")
            return self._all
        key = tuple(eligible)
        found = self._sets.get(key)
        if found is None:
            found = self._read(eligible, key)
            if len(self._sets) >= MOST_SETS:
                self._sets = {}
            self._sets[key] = found
        return found

    def _read(self, eligible: Sequence[str], key: tuple[str, ...]) -> Eligible:
        if isinstance(eligible, str):
            raise InvalidInput(f"eligible must be a list of arm ids, got the text {eligible!r}")
        if not key:
            raise InvalidInput(
                "eligible must name at least one arm, got none",
                hint="leave eligible out to choose among all active arms",
            )
        unknown = {arm for arm in key if arm not in self._bits}
        if unknown:
            raise NotFound.arms(unknown, self.arms)
        among = 0
        for arm in key:
            bit = self._bits[arm]
            if among & bit:
                raise InvalidInput(f"eligible must name an arm once, got {arm!r} twice")
            among |= bit
        return among


class _Kept:
    """The distributions of one belief, kept by eligible set."""

    def __init__(self, marginals: Marginals, explorer: Explorer) -> None:
        self._propensities_of = explorer.over(marginals)
        self._explore = explorer.explore
        self._kept: dict[Eligible, Distribution] = {}
        self._most = max(64, MOST_KEPT // max(1, len(marginals)))

    def distribution(self, eligible: Eligible) -> Distribution:
        found = self._kept.get(eligible)
        if found is None:
            found = self._made(eligible)
            if len(self._kept) >= self._most:
                self._kept = {}
            self._kept[eligible] = found
        return found

    def _made(self, eligible: Eligible) -> Distribution:
        length = (eligible.bit_length() + 7) // 8
        bits = np.unpackbits(
            np.frombuffer(eligible.to_bytes(length, "little"), np.uint8), bitorder="little"
        )
        rows = np.flatnonzero(bits)
        propensities = self._propensities_of(rows, None)
        if self._explore:
            propensities = (1.0 - self._explore) * propensities + self._explore / len(rows)
        return Distribution(rows, propensities)
