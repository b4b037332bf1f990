"""A belief behind a tower: what is learnt is linear in what a query tower makes of a context.

    r = theta_a . (1, f(x)) + noise

f is frozen, theta_a is learnt as any belief learns it: exactly, by sums, with all that it knows of its own doubt. So
an explorer that needs a deviation has one. Refuses to learn f: that takes a log, and PyTorch.

Source: Riquelme, Tucker & Snoek 2018 (neural-linear); here the network stays as it is until another is declared.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from tamesu.base import Time
from tamesu.policy.contract import Arms, Batch, Belief, Coefficients, Marginals, Reading
from tamesu.policy.many import ManyReading, Sheet
from tamesu.policy.table import Table
from tamesu.policy.tower_belief import ExactTower
from tamesu.policy.towers import Tower
from tamesu.policy.usual import USUAL, summed, usual

Floats = NDArray[np.float64]


class BehindTower:
    """A belief that is told f(x) where another is told x. Arms tell nothing of themselves.

    Args:
        tower: f.
        belief: over contexts of f's width, by arm.
    """

    contextual = True

    def __init__(self, tower: Tower, belief: Belief) -> None:
        self.family, self.bounds, self.exact = belief.family, belief.bounds, belief.exact
        self._width = tower.width
        self._tower, self._belief = ExactTower(tower), belief

    def init(self) -> Table:
        """Nothing was learnt."""
        return _with(self._belief.init(), np.zeros(self._width, np.int64))

    def evidence(self, state: Table, batch: Batch) -> Table:
        """What f(x) teaches."""
        sums = summed(batch, self._width)
        context = np.zeros((0, self._width)) if batch.context is None else batch.context
        told = replace(batch, context=self._tower.of(context), features=np.empty((len(batch), 0)))
        return _with(self._belief.evidence(_without(state), told), sums)

    def absorb(self, state: Table, evidence: Table) -> Table:
        """Both add up."""
        learnt = self._belief.absorb(_without(state), _without(evidence))
        return _with(learnt, state.shared[USUAL] + evidence.shared[USUAL])

    def reading(self, state: Table, arms: Arms, time: Time) -> Reading:
        """What is thought of `arms` by f(x)."""
        told = Arms(arms.ids, np.empty((len(arms.ids), 0)))
        reading = self._belief.reading(_without(state), told, time)
        total = reading.at(reading.typical).total
        made = _ManyBehind if isinstance(reading, ManyReading) else _Behind
        return made(self._tower, reading, usual(state.shared[USUAL], total))


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


def _with(table: Table, sums: NDArray[np.int64]) -> Table:
    return Table.of(table.arms, table.per_arm, {**table.shared, USUAL: sums}, table.highest)


def _without(table: Table) -> Table:
    shared = {name: value for name, value in table.shared.items() if name != USUAL}
    return Table(table.arms, table.per_arm, shared, table.highest)
