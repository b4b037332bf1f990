"""`Choosing`: a policy at one state and one moment, ready to choose arms: the hot path of every decision.

Where no context matters, distributions depend on the state and the eligible set alone, so each is
computed once and kept, up to a bound; else they are made for each decision. Safe for any number of
reading threads: what two of them compute twice is equal. Refuses to learn.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from itertools import repeat
from typing import cast

import numpy as np
from numpy.typing import NDArray

from tamesu.base import Newcomer
from tamesu.policy.contract import Eligible, Explorer, Figured, Layout, Marginals, Reading
from tamesu.policy.eligibility import Eligibility
from tamesu.policy.many import all_many, at_once, chosen, contexts_at_once, distributed
from tamesu.policy.moment import LastingMoment, Moment, Rules
from tamesu.policy.prepared import Choice, Choices
from tamesu.policy.uniforms import Uniforms, first_uniforms

_SOME = tuple(f"some.{number}" for number in range(16))
"""Ids of made-up decisions."""


class Choosing:
    """Chooses among `arms` by what one state thinks of them: `Prepared` for arms that can be listed.

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
        among: Eligibility | None = None,
    ) -> None:
        self.arms = arms
        self.contextual = any(reading.contextual for reading in readings)
        self._readings = tuple(readings)
        self._explorer = explorer
        self._at_once = at_once(self._readings, explorer)
        self._layout = layout
        self._key = key
        self._eligible = Eligibility(arms) if among is None else among
        self._newcomer = newcomer
        self._ruled: list[Rules] | None = None
        self._made: LastingMoment | None = None
        if arms and not self.contextual and not self._typical.drawn:
            for distribution in self._typical.distributions(None):
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
        rows, propensities = self._choice(moment, decision_id, among)
        arms, scores = self.arms, moment.scores
        # One belief for all positions, or one for each. A slate may be shorter than its size.
        by_position = scores if len(scores) > 1 else repeat(scores[0])
        return Choice(
            tuple([arms[row] for row in rows]),
            propensities,
            tuple([of.item(row) for of, row in zip(by_position, rows, strict=False)]),
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
        if contexts is not None and self.contextual:
            return self._choices(decision_ids, among, contexts)
        moment = self._typical
        if self._layout.size == 1 and not moment.drawn:
            uniforms = first_uniforms(self._key, decision_ids)
            rows, propensities = moment.distributions(None)[0](among).pick_many(uniforms)
            return Choices(rows.reshape(-1, 1), propensities.reshape(-1, 1))
        return self._stacked([self._choice(moment, id_, among) for id_ in decision_ids], among)

    def _choices(
        self, decision_ids: Sequence[str], among: Eligible, contexts: NDArray[np.float64]
    ) -> Choices:
        """What n decisions in contexts (n, d) deliver."""
        if self._at_once is not None and self._layout.size == 1:
            uniforms, rows = first_uniforms(self._key, decision_ids), self._eligible.rows(among)
            (rules,) = self._rules()
            places, drawn = chosen(*self._at_once, rules, rows, contexts, uniforms)
            return Choices(rows[places].reshape(-1, 1), drawn.reshape(-1, 1))
        moments = zip(self._moments(contexts), decision_ids, strict=True)
        return self._stacked([self._choice(one, id_, among) for one, id_ in moments], among)

    def _moments(self, contexts: NDArray[np.float64]) -> Iterator[Moment]:
        """What is thought in each of n contexts (n, d), where it can be of many at once."""
        readings = all_many(self._readings)
        if readings is None:
            yield from map(self._at, contexts)
            return
        most = contexts_at_once(len(self.arms))
        for first in range(0, len(contexts), most):
            some = contexts[first : first + most]
            sheets = [reading.many(some) for reading in readings]
            for number in range(len(some)):
                marginals = [sheet.at(number) for sheet in sheets]
                yield Moment(marginals, self._explorer, self._rules(marginals))

    def _stacked(
        self, choices: Sequence[tuple[tuple[int, ...], tuple[float, ...]]], among: Eligible
    ) -> Choices:
        size = min(self._layout.size, among.bit_count())
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
        if moment.drawn and decision_id is None:
            several = [self.propensities(eligible, id_, position, context) for id_ in _SOME]
            mean: NDArray[np.float64] = np.array(several).mean(axis=0)
            return mean
        uniforms = None if decision_id is None else Uniforms(self._key, decision_id)
        distributions = moment.distributions(uniforms)
        distribution = distributions[position if len(distributions) > 1 else 0](among)
        vector = np.zeros(len(self.arms))
        vector[distribution.rows] = distribution.propensities
        return vector

    def propensities_many(
        self,
        decision_ids: Sequence[str],
        eligible: Sequence[str] | None = None,
        contexts: NDArray[np.float64] | None = None,
    ) -> NDArray[np.float64]:
        """(m, n) `propensities` of m decisions, each with its own id and context.

        Args:
            decision_ids: m ids.
            eligible: as in `choose`, for all of them.
            contexts: (m, d), a row for each; none for the mean context.

        Raises:
            InvalidInput, NotFound: as `choose`.
        """
        among = self._eligible(eligible)
        rows = self._eligible.rows(among)
        found = np.zeros((len(decision_ids), len(self.arms)))
        moments: Iterable[Moment]
        if contexts is None or not self.contextual:
            if not self._typical.drawn:
                found[:, rows] = self._typical.distributions(None)[0](among).propensities
                return found
            moments = repeat(self._typical, len(decision_ids))
        elif self._at_once is not None:
            first = 0
            for some in distributed(*self._at_once, self._rules()[0], rows, contexts):
                found[first : first + len(some), rows] = some
                first += len(some)
            return found
        else:
            moments = self._moments(contexts)
        for vector, moment, id_ in zip(found, moments, decision_ids, strict=True):
            distribution = moment.distributions(Uniforms(self._key, id_))[0](among)
            vector[rows] = distribution.propensities
        return found

    def placed(
        self,
        decision_id: str,
        arms: Sequence[str],
        eligible: Sequence[str] | None = None,
        context: NDArray[np.float64] | None = None,
    ) -> tuple[float, ...]:
        """How likely `arms` are to be delivered, from the top, each given those above it; 0 from where they cannot.

        Args:
            decision_id: the source of its draws, where there are any.
            arms: ids, unique, by position.
            eligible: as in `choose`.
            context: as in `choose`.

        Raises:
            InvalidInput, NotFound: as `choose`.
        """
        among = self._eligible(eligible)
        distributions = self._at(context).distributions(Uniforms(self._key, decision_id))
        found: list[float] = []
        for position, arm in enumerate(arms[: self._layout.size]):
            row = self._eligible.row(arm)
            if row is None or not among >> row & 1:
                break
            distribution = distributions[position if len(distributions) > 1 else 0](among)
            found.append(distribution.of(row))
            among &= ~(1 << row)
        return (*found, *repeat(0.0, len(arms) - len(found)))

    @property
    def least(self) -> float:
        """The least propensity that `explore` guarantees an eligible arm, whoever else is eligible."""
        return min((rules.least for rules in self._rules()), default=0.0)

    @property
    def figures(self) -> Mapping[str, float]:
        """What the explorer made of all that was learnt, by name; where positions have beliefs, of the first."""
        if not _is_figured(type(self._explorer)):
            return {}
        return cast("Figured", self._explorer).figures(self._marginals()[0])

    @property
    def _typical(self) -> LastingMoment:
        """What is thought in the mean context: where contexts matter, made when somebody asks."""
        made = self._made
        if made is None:
            marginals = self._marginals()
            made = LastingMoment(marginals, self._explorer, self._rules(marginals))
            self._made = made
        return made

    def _marginals(self) -> list[Marginals]:
        """What each belief thinks in the mean context."""
        return [reading.at(reading.typical) for reading in self._readings]

    def _rules(self, marginals: Sequence[Marginals] | None = None) -> list[Rules]:
        """Those of each belief, which are the same in any context: out of `marginals` of one that is looked at."""
        ruled = self._ruled
        if ruled is None:
            rows_of, parts = self._eligible.rows, marginals or self._marginals()
            ruled = [Rules(self._explorer, self._newcomer, part, rows_of) for part in parts]
            self._ruled = ruled
        return ruled

    def _at(self, context: NDArray[np.float64] | None) -> Moment:
        """What is thought in `context`."""
        if not self.contextual or context is None:
            return self._typical
        marginals = [reading.at(context) for reading in self._readings]
        return Moment(marginals, self._explorer, self._rules(marginals))

    def _choice(
        self, moment: Moment, decision_id: str, among: Eligible
    ) -> tuple[tuple[int, ...], tuple[float, ...]]:
        uniforms = Uniforms(self._key, decision_id)
        return self._layout.choose(moment.distributions(uniforms), among, uniforms)


@cache
def _is_figured(kind: type) -> bool:
    return issubclass(kind, Figured)
