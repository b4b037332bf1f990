"""`Moment`: what is thought of the arms in one context, as distributions ready to be drawn from.

An explorer gives propensities; here `explore` and the newcomer cap are put on them, so that what is drawn
from is what is logged. Refuses to draw: that is the chooser's business.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache, partial
from typing import Protocol, cast, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from tamesu.base import Newcomer
from tamesu.policy.chooser import Distribution, Lasting
from tamesu.policy.contract import DistributionOf, Eligible, Explorer, Marginals, PropensitiesOf
from tamesu.policy.families.points import PointsFamily
from tamesu.policy.newcomer import capped, least_propensity
from tamesu.policy.uniforms import Uniforms

MOST_KEPT = 1 << 20
"""Propensities kept per belief; beyond it the memory starts anew."""

ROUNDING = 1e-9
"""A sum in another order differs by less."""

RowsOf = Callable[[Eligible], NDArray[np.intp]]


class Rules:
    """What becomes of the propensities of one belief, whatever the context.

    Args:
        explorer: whose they are.
        newcomer: the cap, if there is one.
        marginals: in any context: how often each of n arms was learnt from does not depend on it.
        rows_of: rows of an eligible set.

    Attributes:
        least: the least propensity that `explore`, and the uniform one of draws, guarantee an eligible arm,
            whoever else is eligible.
        capping: whether there are newcomers beside mature arms: then the cap may change a distribution.
    """

    __slots__ = ("_explore", "_newcomers", "_share", "capping", "least", "rows_of", "size")

    def __init__(
        self, explorer: Explorer, newcomer: Newcomer | None, marginals: Marginals, rows_of: RowsOf
    ) -> None:
        until = 0 if newcomer is None else newcomer.until
        self.rows_of = rows_of
        self.size = len(marginals)
        draws = explorer.draws(marginals)
        even = (
            explorer.explore
            if draws is None
            else 1.0 - (1.0 - explorer.explore) * draws / (draws + 1)
        )
        self.least = least_propensity(even, marginals.observations, newcomer)
        self._explore = explorer.explore
        self._share = 1.0 if newcomer is None else newcomer.share
        self._newcomers = marginals.observations < until
        self.capping = bool(self._newcomers.any() and not self._newcomers.all())

    def explored(self, propensities: NDArray[np.float64]) -> NDArray[np.float64]:
        """(..., k) p <- (1 - explore) p + explore / k; at most 1, beyond which rounding may bring it."""
        if not self._explore:
            return np.minimum(propensities, 1.0)
        explored: NDArray[np.float64] = (1.0 - self._explore) * propensities
        explored += self._explore / propensities.shape[-1]
        return np.minimum(explored, 1.0)

    def beyond_cap(
        self, propensities: NDArray[np.float64], rows: NDArray[np.intp]
    ) -> NDArray[np.intp]:
        """Which of m distributions (m, k) over the arms at `rows` (k,) the cap may change."""
        if not self.capping:
            return np.empty(0, dtype=np.intp)
        theirs = propensities[:, self._newcomers[rows]].sum(axis=1)
        return np.flatnonzero(theirs > self._share * (1.0 - ROUNDING))

    def made(
        self, propensities_of: PropensitiesOf, rows: NDArray[np.intp], uniforms: Uniforms | None
    ) -> NDArray[np.float64]:
        """(k,) propensities of the arms at `rows` (k,), with the uniform share and the cap in them."""
        propensities = self.explored(propensities_of(rows, uniforms))
        if not self.capping:
            return propensities

        def among(mature: NDArray[np.bool_]) -> NDArray[np.float64]:
            return propensities_of(rows[mature], uniforms)

        return capped(propensities, self._newcomers[rows], self._share, among)


class Moment:
    """What is thought of the arms in one context.

    Args:
        marginals: one per belief.
        explorer: makes propensities of them.
        rules: one per belief.

    Attributes:
        scores: per belief the expected rewards of n arms, by row; (n,) but where only some are ever asked for.
        draws: Monte Carlo draws behind the propensities; none where they are exact.
        drawn: whether each decision has draws, and so a distribution, of its own.
    """

    __slots__ = ("_parts", "drawn", "draws", "scores")

    def __init__(
        self, marginals: Sequence[Marginals], explorer: Explorer, rules: Sequence[Rules]
    ) -> None:
        self.scores = [_scores(part) for part in marginals]
        self.draws = explorer.draws(marginals[0])
        self.drawn = self.draws is not None and not _of_state(explorer, marginals[0])
        self._parts = [
            (explorer.over(part), each) for part, each in zip(marginals, rules, strict=True)
        ]

    def distributions(self, uniforms: Uniforms | None) -> Sequence[DistributionOf]:
        """One per belief; of a decision's own draws, where there are any."""
        return [partial(_once, *part, uniforms) for part in self._parts]


class LastingMoment(Moment):
    """One in which many decide: each distribution is computed once and kept, up to a bound."""

    __slots__ = ("memories",)

    def __init__(
        self, marginals: Sequence[Marginals], explorer: Explorer, rules: Sequence[Rules]
    ) -> None:
        super().__init__(marginals, explorer, rules)
        self.memories = [Memory(*part) for part in self._parts]

    def distributions(self, uniforms: Uniforms | None) -> Sequence[DistributionOf]:
        """One per belief, kept where no decision has one of its own."""
        return super().distributions(uniforms) if self.drawn else self.memories


class Memory:
    """The distributions of one belief in one context, by eligible set. Safe for any number of threads."""

    def __init__(self, propensities_of: PropensitiesOf, rules: Rules) -> None:
        self._propensities_of, self._rules = propensities_of, rules
        self._memory: dict[Eligible, Distribution] = {}
        self._most = max(64, MOST_KEPT // max(1, rules.size))

    def __call__(self, eligible: Eligible) -> Distribution:
        """The distribution over `eligible`, computed at most once while it is remembered."""
        found = self._memory.get(eligible)
        if found is None:
            rows = self._rules.rows_of(eligible)
            found = Lasting(rows, self._rules.made(self._propensities_of, rows, None))
            if len(self._memory) >= self._most:
                self._memory = {}
            self._memory[eligible] = found
        return found


@runtime_checkable
class Shared(Protocol):
    """An explorer whose draws may be those of a state, for all of its decisions."""

    def of_state(self, marginals: Marginals) -> bool:
        """Whether they are."""
        ...


def _scores(marginals: Marginals) -> NDArray[np.float64] | PointsFamily:
    family = marginals.family
    return family if isinstance(family, PointsFamily) else family.mean()


def _of_state(explorer: Explorer, marginals: Marginals) -> bool:
    return _is_shared(type(explorer)) and cast("Shared", explorer).of_state(marginals)


@cache
def _is_shared(kind: type) -> bool:
    return issubclass(kind, Shared)


def _once(
    propensities_of: PropensitiesOf, rules: Rules, uniforms: Uniforms | None, eligible: Eligible
) -> Distribution:
    """The distribution over `eligible`, for one decision."""
    rows = rules.rows_of(eligible)
    return Distribution(rows, rules.made(propensities_of, rows, uniforms))
