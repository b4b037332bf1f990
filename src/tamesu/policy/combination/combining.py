"""`Combining`: a policy at one state and one moment, ready to choose combinations.

What `tamesu.policy.choosing.Choosing` is for arms that can be listed. Safe for any number of reading
threads: what two of them compute twice is equal. Refuses to learn.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tamesu.base import Bug
from tamesu.policy.combination.combiner import Combiner, coefficients_of
from tamesu.policy.combination.exchange import exchanged
from tamesu.policy.combination.found import Found
from tamesu.policy.combination.search import Floats, Weights, ascended
from tamesu.policy.combination.space import STARTS, Among
from tamesu.policy.contract import Eligible, Reading
from tamesu.policy.eligibility import Eligibility, rows_of
from tamesu.policy.prepared import Choice, Choices
from tamesu.policy.uniforms import Uniforms

POOLS = 8
"""Sets of draws of one state; a decision uses one of them, by its id."""

POOL = 1 << 16
"""The counter of the uniform that says which."""

MEAN = -1
"""The number of the set that holds the mean alone."""

MOST_KEPT = 1 << 9
"""Distributions, and eligible sets, that are remembered; beyond it the memory starts anew."""

DRAW_STARTS = 10
"""Starts of the search for each draw in a context; the best by the mean is one more."""


class Combining:
    """Chooses a combination by what one state thinks of options and their pairs.

    With the explorer thompson the coefficients are drawn m times, for each the best combination is
    searched, and a combination that was found n times has the propensity

        p = (1 - explore) (n + 1 / N) / (m + 1) + explore / N        of N combinations

    from which the decision is drawn: exact, though no search is. There are `POOLS` sets of draws for a
    state; a decision uses one of them, so that it costs a search, not a draw of all coefficients.

    Attributes:
        arms: ids of the options.
        contextual: whether the context of a decision matters.
        figures: none.
    """

    def __init__(self, combiner: Combiner, reading: Reading, arms: Sequence[str]) -> None:
        if combiner.key is None:
            raise Bug("a declaration must have a seed before its policy can choose")
        self.arms = tuple(arms)
        self._combiner = combiner
        self.figures: Mapping[str, float] = {}
        self._key = combiner.key
        self._coefficients = coefficients_of(reading)
        self.contextual = reading.contextual and combiner.appraisal.contextual
        self._usual = reading.typical
        self._eligible = Eligibility(self.arms)
        self._rows = combiner.rows(self.arms)
        self._among: dict[Eligible, Among] = {}
        self._pools: dict[int, _Pool] = {}
        self._kept: dict[tuple[int, Eligible], Found] = {}

    def choose(
        self,
        decision_id: str,
        eligible: Sequence[str] | None = None,
        context: NDArray[np.float64] | None = None,
    ) -> Choice:
        """What the decision `decision_id` delivers: always the same for the same id and context.

        Args:
            decision_id: the source of its uniforms.
            eligible: options that may be in it, in any order; none for all.
            context: (d,) columns; none for the mean context of what was learnt.

        Raises:
            InvalidInput: options that leave a slot without any, or no combination; or one named twice.
            NotFound: an eligible option that is not here.
        """
        at = self._usual if context is None else context
        uniforms = Uniforms(self._key, decision_id)
        rows, propensity = self.found(decision_id, self._eligible(eligible), at).pick(uniforms)
        columns = self._combiner.appraisal.columns(np.array([rows], dtype=np.intp), at)
        score = float(self._coefficients.expected(columns)[0])
        name = self._combiner.space.named(rows)
        return Choice((name,), (propensity,), (score,), self._combiner.finding.draws)

    def choose_many(
        self,
        decision_ids: Sequence[str],
        eligible: Sequence[str] | None = None,
        contexts: NDArray[np.float64] | None = None,
    ) -> Choices:
        """What n decisions deliver: `choose` of each, as columns; `names` are the combinations.

        Raises:
            InvalidInput, NotFound: as `choose`.
        """
        among = self._eligible(eligible)
        names: dict[str, int] = {}
        rows: list[int] = []
        propensities: list[float] = []
        for number, decision_id in enumerate(decision_ids):
            uniforms = Uniforms(self._key, decision_id)
            at = self._usual if contexts is None else contexts[number]
            chosen, propensity = self._found(_pool_of(uniforms), among, at).pick(uniforms)
            rows.append(names.setdefault(self._combiner.space.named(chosen), len(names)))
            propensities.append(propensity)
        return Choices(
            np.array(rows, dtype=np.intp).reshape(-1, 1),
            np.array(propensities).reshape(-1, 1),
            tuple(names),
        )

    def propensities(
        self,
        eligible: Sequence[str] | None = None,
        decision_id: str | None = None,
        position: int = 0,
        context: NDArray[np.float64] | None = None,
    ) -> NDArray[np.float64]:
        """(n,) probability of each option to be in the combination chosen; in every slot they add up to 1.

        Args:
            eligible: as in `choose`.
            decision_id: says which draws; none for the mean over all draws of the state.
            position: there is one.
            context: as in `choose`.

        Raises:
            InvalidInput, NotFound: as `choose`.
        """
        del position
        at = self._usual if context is None else context
        among = self._eligible(eligible)
        if self._combiner.finding.draws is None:
            pools: Sequence[int] = (0,)
        elif decision_id is None:
            pools = range(POOLS)
        else:
            pools = (_pool_of(Uniforms(self._key, decision_id)),)
        shares = [self._found(pool, among, at).options for pool in pools]
        mean: NDArray[np.float64] = np.mean(shares, axis=0)[self._rows]
        return mean

    def propensities_many(
        self,
        decision_ids: Sequence[str],
        eligible: Sequence[str] | None = None,
        contexts: NDArray[np.float64] | None = None,
    ) -> NDArray[np.float64]:
        """(m, n) `propensities` of m decisions, each with its own id and context.

        Raises:
            InvalidInput, NotFound: as `choose`.
        """
        found = [
            self.propensities(eligible, id_, 0, None if contexts is None else contexts[number])
            for number, id_ in enumerate(decision_ids)
        ]
        return np.array(found).reshape(-1, len(self.arms))

    def listed(
        self,
        decision_ids: Sequence[str],
        combinations: Sequence[str],
        eligible: Sequence[str] | None = None,
        contexts: NDArray[np.float64] | None = None,
    ) -> NDArray[np.float64]:
        """(m, N) probability of each of `combinations` in m decisions, each with its own id and context.

        Args:
            decision_ids: m ids.
            combinations: what N of them are called, all of eligible options and feasible.
            eligible: as in `choose`, for all of them.
            contexts: (m, d), a row for each; none for the mean context.

        Raises:
            InvalidInput, NotFound: as `choose`.
        """
        among, combiner = self._eligible(eligible), self._combiner
        rows = [combiner.rows(combiner.delivered(one)).tolist() for one in combinations]
        places = {tuple(those): place for place, those in enumerate(rows)}
        made = np.empty((len(decision_ids), len(combinations)))
        for number, id_ in enumerate(decision_ids):
            found = self.found(id_, among, self._usual if contexts is None else contexts[number])
            made[number] = found.even
            for those, share in found.shares.items():
                if those in places:
                    made[number, places[those]] += share
        return made

    def placed(
        self,
        decision_id: str,
        arms: Sequence[str],
        eligible: Sequence[str] | None = None,
        context: NDArray[np.float64] | None = None,
    ) -> tuple[float, ...]:
        """How likely a combination is to be delivered; `arms` holds its id alone. 0 where it cannot be.

        Raises:
            InvalidInput, NotFound: as `choose`.
        """
        at = self._usual if context is None else context
        among = self._eligible(eligible)
        rows = tuple([self._eligible.row(one) for one in self._combiner.delivered(arms[0])])
        space = self._combiner.space
        there = [int(self._rows[row]) for row in rows if row is not None and among >> row & 1]
        if len(there) < len(space.slots):
            return (0.0,)
        if space.clash is not None and space.clash[np.ix_(there, there)].any():
            return (0.0,)
        return (self.found(decision_id, among, at).propensity(tuple(there)),)

    def found(self, decision_id: str, eligible: Eligible, context: NDArray[np.float64]) -> Found:
        """The distribution over the combinations of `eligible` from which a decision is drawn."""
        pool = _pool_of(Uniforms(self._key, decision_id))
        return self._found(pool, eligible, context)

    @property
    def least(self) -> float:
        """The least propensity that `explore` guarantees a combination, whatever else is eligible."""
        return (1.0 - self._combiner.finding.searched) / self._those(self._eligible(None)).count

    def _found(self, pool: int, eligible: Eligible, context: NDArray[np.float64]) -> Found:
        """The distribution over what is eligible; where no context matters, remembered."""
        if self.contextual:
            return self._searched(pool, eligible, context)
        place = pool if self._combiner.finding.draws else 0, eligible
        found = self._kept.get(place)
        if found is None:
            found = self._searched(*place, context)
            if len(self._kept) >= MOST_KEPT:
                self._kept = {}
            self._kept[place] = found
        return found

    def _searched(self, pool: int, eligible: Eligible, context: NDArray[np.float64]) -> Found:
        finding, among = self._combiner.finding, self._those(eligible)
        if not finding.searched:
            return Found(among, among.starts[:0], np.empty(0), 0.0)
        space = self._combiner.space
        where = space.slot_of, among.allowed, space.clash
        mean = ascended(self._weights(MEAN, context), *where, among.starts)
        if finding.draws is None:
            chosen = mean.ties(0)
        else:
            # Where no context matters a search is made once, and may take its time.
            starts = among.starts[: DRAW_STARTS if self.contextual else STARTS]
            starts = np.concatenate([mean.best(), starts])
            weights = self._weights(pool, context)
            chosen = exchanged(weights, *where, ascended(weights, *where, starts))
        return Found(among, chosen, np.full(len(chosen), 1.0 / len(chosen)), finding.searched)

    def _weights(self, number: int, context: NDArray[np.float64]) -> Weights:
        """What options and pairs are worth by a set of coefficients."""
        pool = self._pool(number)
        return Weights(self._combiner.appraisal.options(pool.coefficients, context), pool.pair)

    def _pool(self, number: int) -> _Pool:
        """Coefficients of the state: their mean, or one set of their draws."""
        found = self._pools.get(number)
        if found is None:
            coefficients, draws = self._coefficients, self._combiner.finding.draws
            if number == MEAN or draws is None:
                drawn = coefficients.mean()[None]
            else:
                salt = f"{float(coefficients.sums[0]):.17g}.{number}"
                drawn = coefficients.drawn(draws, Uniforms(self._key, salt))
            found = _Pool(drawn, self._combiner.appraisal.paired(drawn))
            self._pools[number] = found
        return found

    def _those(self, eligible: Eligible) -> Among:
        found = self._among.get(eligible)
        if found is None:
            found = Among(self._combiner.space, np.sort(self._rows[rows_of(eligible)]))
            if len(self._among) >= MOST_KEPT:
                self._among = {}
            self._among[eligible] = found
        return found


class _Pool(NamedTuple):
    """m coefficients at once, and what pairs are worth by them, which no context changes."""

    coefficients: Floats
    pair: Floats | None


def _pool_of(uniforms: Uniforms) -> int:
    """Which set of draws a decision uses."""
    return int(uniforms(POOL) * POOLS)
