"""A policy at one state and one moment, ready to choose: the hot path of every decision.

Where no context matters, distributions depend on the state and the eligible set alone, so each is
computed once and kept, up to a bound; else they are made for each decision. Safe for any number of
reading threads: what two of them compute twice is equal. Refuses to learn.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from tamesu.base import Newcomer
from tamesu.policy.chooser import Distribution
from tamesu.policy.contract import (
    DistributionOf,
    Eligible,
    Explorer,
    Layout,
    Marginals,
    Reading,
)
from tamesu.policy.eligibility import Eligibility, rows_of
from tamesu.policy.newcomer import capped, least_propensity
from tamesu.policy.uniforms import Uniforms, first_uniforms

_SOME = tuple(f"some.{number}" for number in range(16))
"""Ids of made-up decisions."""

MOST_KEPT = 1 << 20
"""Propensities kept per belief; beyond it the memory starts anew."""


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


class Choices(NamedTuple):
    """What n decisions of k deliveries each deliver.

    Attributes:
        rows: (n, k) rows of the arms, by position.
        propensities: (n, k) each given the arms placed before it.
    """

    rows: NDArray[np.intp]
    propensities: NDArray[np.float64]


class Prepared:
    """Chooses among `arms` by what one state thinks of them.

    Attributes:
        arms: n ids, in the order of every vector.
        contextual: whether the context of a decision matters.
    """

    def __init__(  # noqa: PLR0913 - everything that a choice is a function of
        self,
        arms: tuple[str, ...],
        readings: Sequence[Reading],
        explorer: Explorer,
        layout: Layout,
        key: bytes,
        *,
        newcomer: Newcomer | None = None,
    ) -> None:
        self.arms = arms
        self.contextual = any(reading.contextual for reading in readings)
        self._readings = tuple(readings)
        self._explorer = explorer
        self._newcomer = newcomer
        self._layout = layout
        self._key = key
        self._eligible = Eligibility(arms)
        self._typical = self._moment(None)
        if arms and self._typical.draws is None:
            for distribution in self._typical.kept:
                distribution(self._eligible(None))

    def choose(
        self,
        decision_id: str,
        eligible: Sequence[str] | None = None,
        context: NDArray[np.float64] | None = None,
    ) -> Choice:
        """What the decision `decision_id` delivers: always the same for the same id and context.

        Args:
            decision_id: the source of its uniforms.
            eligible: ids that may be chosen, in any order; none for all.
            context: (d,) columns; none for the mean context of what was learnt.

        Raises:
            InvalidInput: no eligible arm, or one named twice.
            NotFound: an eligible arm that is not here.
        """
        among = self._eligible(eligible)
        moment = self._at(context)
        rows, propensities = self._layout_choice(moment, decision_id, among)
        arms = self.arms
        return Choice(
            tuple([arms[row] for row in rows]),
            propensities,
            # A slate may be shorter than its size, never longer.
            tuple([scores[row] for scores, row in zip(moment.scores, rows, strict=False)]),
            moment.draws,
        )

    def choose_many(
        self,
        decision_ids: Sequence[str],
        eligible: Sequence[str] | None = None,
        contexts: NDArray[np.float64] | None = None,
    ) -> Choices:
        """What n decisions deliver: `choose` of each, faster where a decision delivers one arm.

        Args:
            decision_ids: n ids.
            eligible: as in `choose`, for all of them.
            contexts: (n, d), a row for each; none for the mean context.

        Raises:
            InvalidInput, NotFound: as `choose`.
        """
        among = self._eligible(eligible)
        size = min(self._layout.size, among.bit_count())
        moment = self._typical
        if contexts is not None and self.contextual:
            choices = [
                self._layout_choice(self._moment(context), decision_id, among)
                for decision_id, context in zip(decision_ids, contexts, strict=True)
            ]
        elif self._layout.size == 1 and moment.draws is None:
            uniforms = first_uniforms(self._key, decision_ids)
            rows, propensities = moment.kept[0](among).pick_many(uniforms)
            return Choices(rows.reshape(-1, 1), propensities.reshape(-1, 1))
        else:
            choices = [self._layout_choice(moment, id_, among) for id_ in decision_ids]
        return Choices(
            np.array([rows for rows, _ in choices], dtype=np.intp).reshape(-1, size),
            np.array([propensities for _, propensities in choices]).reshape(-1, size),
        )

    def propensities(
        self,
        eligible: Sequence[str] | None = None,
        decision_id: str | None = None,
        position: int = 0,
        context: NDArray[np.float64] | None = None,
    ) -> NDArray[np.float64]:
        """(n,) probability of each of `arms` to be placed first; 0 for arms not eligible.

        Args:
            eligible: as in `choose`; for a position further down, without those placed above it.
            decision_id: matters where the distribution is made of a decision's draws; none for the
                mean over some decisions, which is how often an arm is chosen.
            position: the one to be placed; it matters where positions have beliefs of their own.
            context: as in `choose`.

        Raises:
            InvalidInput, NotFound: as `choose`.
        """
        among = self._eligible(eligible)
        moment = self._at(context)
        distributions: tuple[DistributionOf, ...] = moment.kept
        if moment.draws is not None:
            if decision_id is None:
                several = [self.propensities(eligible, id_, position, context) for id_ in _SOME]
                mean: NDArray[np.float64] = np.array(several).mean(axis=0)
                return mean
            distributions = moment.drawn(Uniforms(self._key, decision_id))
        distribution = distributions[position if len(distributions) > 1 else 0](among)
        vector = np.zeros(len(self.arms))
        vector[distribution.rows] = distribution.propensities
        return vector

    @property
    def least(self) -> float:
        """The least propensity that `explore` guarantees an eligible arm, whoever else is eligible."""
        return min((maker.least for maker in self._typical.makers), default=0.0)

    def _at(self, context: NDArray[np.float64] | None) -> _Moment:
        """What is thought in `context`."""
        return self._moment(context) if self.contextual and context is not None else self._typical

    def _moment(self, context: NDArray[np.float64] | None) -> _Moment:
        marginals = [
            reading.at(reading.typical if context is None else context)
            for reading in self._readings
        ]
        scores = [part.family.mean().tolist() for part in marginals]
        return _Moment(
            tuple([_Distributions(part, self._explorer, self._newcomer) for part in marginals])
            if self.arms
            else (),
            # One belief for all positions, or one for each.
            scores if self._layout.beliefs > 1 else scores * self._layout.size,
            self._explorer.draws(marginals[0]),
        )

    def _layout_choice(
        self, moment: _Moment, decision_id: str, among: Eligible
    ) -> tuple[tuple[int, ...], tuple[float, ...]]:
        uniforms = Uniforms(self._key, decision_id)
        distributions = moment.kept if moment.draws is None else moment.drawn(uniforms)
        return self._layout.choose(distributions, among, uniforms)


class _Moment:
    """What is thought of the arms in one context.

    Attributes:
        makers: of distributions, one per belief.
        scores: per position the expected reward of each arm.
        draws: Monte Carlo draws behind the propensities; none where they are exact.
        kept: the distributions where they are exact, each computed once.
    """

    __slots__ = ("draws", "kept", "makers", "scores")

    def __init__(
        self,
        makers: tuple[_Distributions, ...],
        scores: Sequence[Sequence[float]],
        draws: int | None,
    ) -> None:
        self.makers = makers
        self.scores = scores
        self.draws = draws
        self.kept = tuple([maker.kept for maker in makers])

    def drawn(self, uniforms: Uniforms) -> tuple[DistributionOf, ...]:
        """Distributions of one decision, from its own draws."""
        return tuple([partial(maker.made, uniforms=uniforms) for maker in self.makers])


class _Distributions:
    """The distributions of one belief, by eligible set."""

    def __init__(self, marginals: Marginals, explorer: Explorer, newcomer: Newcomer | None) -> None:
        self._propensities_of = explorer.over(marginals)
        self._explore = explorer.explore
        self._share = 1.0 if newcomer is None else newcomer.share
        self._newcomers = marginals.observations < (0 if newcomer is None else newcomer.until)
        self.least = least_propensity(explorer.explore, marginals.observations, newcomer)
        self._memory: dict[Eligible, Distribution] = {}
        self._most = max(64, MOST_KEPT // max(1, len(marginals)))

    def kept(self, eligible: Eligible) -> Distribution:
        """The distribution over `eligible`, computed at most once while it is remembered."""
        found = self._memory.get(eligible)
        if found is None:
            found = self.made(eligible, None)
            if len(self._memory) >= self._most:
                self._memory = {}
            self._memory[eligible] = found
        return found

    def made(self, eligible: Eligible, uniforms: Uniforms | None) -> Distribution:
        """The distribution over `eligible`: p <- (1 - explore) p + explore / k, then the cap."""
        rows = rows_of(eligible)
        propensities = self._propensities_of(rows, uniforms)
        if self._explore:
            propensities = (1.0 - self._explore) * propensities + self._explore / len(rows)

        def among(mature: NDArray[np.bool_]) -> NDArray[np.float64]:
            return self._propensities_of(rows[mature], uniforms)

        return Distribution(rows, capped(propensities, self._newcomers[rows], self._share, among))
