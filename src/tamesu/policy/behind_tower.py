"""A belief behind a tower: what is learnt is linear in what a query tower makes of a context.

    r = theta_a . (1, f(x)) + noise

f is frozen, theta_a is learnt as any belief learns it: exactly, by sums, with all that it knows of its own doubt. So
an explorer that needs a deviation has one. Refuses to learn f: that takes a log, and PyTorch.

Source: Riquelme, Tucker & Snoek 2018 (neural-linear); here the network stays as it is until another is declared.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from tamesu.base import Time
from tamesu.policy.contract import Arms, Batch, Belief, Coefficients, Marginals, Reading
from tamesu.policy.many import ManyReading, Sheet
from tamesu.policy.table import Table
from tamesu.policy.tower_belief import Elsewhere, ExactTower
from tamesu.policy.usual import USUAL, summed, usual

Floats = NDArray[np.float64]


class BehindTower:
    """A belief that is told f(x) where another is told x. Arms tell nothing of themselves.

    f is looked for when somebody first asks what it says: a state can be read, and begun, without. One in which no
    arm was learnt is the same whatever f's dimension is.

    Args:
        width: columns of x.
        towers: of which f is the query tower.
        belief_of: over contexts of so many columns, by arm.
    """

    contextual = True

    def __init__(self, width: int, towers: Elsewhere, belief_of: Callable[[int], Belief]) -> None:
        like = belief_of(1)
        self.family, self.bounds, self.exact = like.family, like.bounds, like.exact
        self._nothing = like.init()
        self._width, self._towers, self._belief_of = width, towers, belief_of

    def check(self) -> None:
        """Raises `InvalidDeclaration` where f cannot be found, or does not fit."""
        self._towers.check()

    @cached_property
    def _tower(self) -> ExactTower:
        return ExactTower(self._towers().query)

    @cached_property
    def _belief(self) -> Belief:
        return self._belief_of(self._towers().query.dim)

    def init(self) -> Table:
        """Nothing was learnt."""
        return self._with(self._nothing, np.zeros(self._width, np.int64))

    def evidence(self, state: Table, batch: Batch) -> Table:
        """What f(x) teaches.

        Raises:
            Unavailable: f cannot be found.
        """
        sums = summed(batch, self._width)
        context = np.zeros((0, self._width)) if batch.context is None else batch.context
        told = replace(batch, context=self._tower.of(context), features=np.empty((len(batch), 0)))
        return self._with(self._belief.evidence(self._without(state), told), sums)

    def absorb(self, state: Table, evidence: Table) -> Table:
        """Both add up."""
        learnt = self._belief.absorb(self._without(state), self._without(evidence))
        return self._with(learnt, state.shared[USUAL] + evidence.shared[USUAL])

    def reading(self, state: Table, arms: Arms, time: Time) -> Reading:
        """What is thought of `arms` by f(x).

        Raises:
            Unavailable: f cannot be found.
        """
        told = Arms(arms.ids, np.empty((len(arms.ids), 0)))
        reading = self._belief.reading(self._without(state), told, time)
        total = reading.at(reading.typical).total
        made = _ManyBehind if isinstance(reading, ManyReading) else _Behind
        return made(self._tower, reading, usual(state.shared[USUAL], total))

    def _with(self, table: Table, sums: NDArray[np.int64]) -> Table:
        """`table` as it is kept, beside the sums of contexts."""
        columns = table.per_arm if table.arms else self._nothing.per_arm
        return Table.of(table.arms, columns, {**table.shared, USUAL: sums}, table.highest)

    def _without(self, table: Table) -> Table:
        """What `_with` was given."""
        columns = table.per_arm if table.arms else self._belief.init().per_arm
        shared = {name: value for name, value in table.shared.items() if name != USUAL}
        return Table(table.arms, columns, shared, table.highest)


class _Behind:
    """A reading that is asked of f(x)."""

    contextual = True
    coefficients: Coefficients | None = None

    def __init__(self, tower: ExactTower, reading: Reading, typical: Floats) -> None:
        self.typical = typical
        self._tower, self._reading = tower, reading

    def at(self, context: Floats) -> Marginals:
        """In one context."""
        return self._reading.at(self._tower.of(context))


class _ManyBehind(_Behind):
    """One that can be asked of many contexts at once."""

    _reading: ManyReading

    def many(self, contexts: Floats) -> Sheet:
        """In each of m contexts (m, d)."""
        return self._reading.many(self._tower.of(contexts))
