"""A belief that was learnt elsewhere: what two towers say of arms in a context.

Nothing that is observed changes it; what is observed is counted. Refuses to read a file, and to learn.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from tamesu.base import Time
from tamesu.policy.contract import Arms, Batch, Coefficients, Marginals, Reading
from tamesu.policy.design import bounded
from tamesu.policy.families.points import PointsFamily
from tamesu.policy.table import Table
from tamesu.policy.towers import Singles, Tower, TwoTower
from tamesu.policy.usual import USUAL, summed, usual

Floats = NDArray[np.float64]

OBSERVATIONS = "observations"
KIND = "points"


class Nearest(Protocol):
    """Items by their inner product with a query, as the port of an index has it."""

    def nearest(self, query: Singles, most: int) -> NDArray[np.intp]:
        """(k,) rows, the highest first."""
        ...


IndexOf = Callable[[Singles], Nearest]
"""The index of items (n, dim)."""


class Elsewhere(Protocol):
    """What was learnt, wherever it is kept."""

    def check(self) -> TwoTower:
        """It, looked for; raises `InvalidDeclaration` where it is not there, or does not fit."""
        ...

    def __call__(self) -> TwoTower:
        """It, as it was found; raises `Unavailable` where it is not there, or does not fit."""
        ...


class ExactTower:
    """A tower in double precision, for one context at a time: what is logged must not depend on how many are asked.

    Args:
        tower: in single precision.
        unit: what it gives is in units of that.
    """

    def __init__(self, tower: Tower, unit: float = 1.0) -> None:
        layers = zip(tower.weights, tower.biases, strict=True)
        self._layers = [(w.astype(np.float64), b.astype(np.float64)) for w, b in layers]
        weight, bias = self._layers[-1]
        self._layers[-1] = weight / unit, bias / unit

    def of(self, context: Floats) -> Floats:
        """(..., dim) of columns (..., width); of columns beyond what sums of products can hold, of the largest that can."""
        height, last = bounded(context), len(self._layers) - 1
        for number, (weight, bias) in enumerate(self._layers):
            height = height @ weight + bias
            if number < last:
                np.maximum(height, 0.0, out=height)
        return height


class Placed:
    """Arms as points, and who finds the nearest: `tamesu.policy.families.points.Items`.

    Args:
        towers: what was learnt.
        arms: ids and columns.
        index_of: makes the index, when somebody first asks for the nearest.
    """

    def __init__(self, towers: TwoTower, arms: Arms, index_of: IndexOf) -> None:
        self._index_of = index_of
        self._index: Nearest | None = None
        self._exactly: Floats | None = None
        self.embeddings = towers.placed(arms.ids, arms.features)

    @property
    def exactly(self) -> Floats:
        """(n, dim) in double precision, made when somebody first asks for all scores."""
        if self._exactly is None:
            self._exactly = self.embeddings.astype(np.float64)
        return self._exactly

    def nearest(self, query: Singles, most: int) -> NDArray[np.intp]:
        """(k,) rows, the highest inner product with a query (dim,) first."""
        if self._index is None:
            self._index = self._index_of(self.embeddings)
        return self._index.nearest(query, most)


class TowerReading:
    """What towers say of some arms: `Reading`.

    Attributes:
        typical: the mean context of what was observed; where nothing was, columns of 0.
    """

    contextual = True
    coefficients: Coefficients | None = None

    def __init__(self, tower: ExactTower, items: Placed, state: Table, arms: Arms) -> None:
        self._total = int(state.per_arm[OBSERVATIONS].sum())
        self._observations = state.column(OBSERVATIONS, arms.ids)
        self.typical = usual(state.shared[USUAL], self._total)
        self._tower, self._items = tower, items

    def at(self, context: Floats) -> Marginals:
        """The scores in `context` (width,)."""
        return Marginals(
            kind=KIND,
            family=PointsFamily(self._tower.of(context), self._items),
            observations=self._observations,
            total=self._total,
            passing=True,
        )


class TowerBelief:
    """score(x, a) = <f(x), g(a)> / temperature, frozen; a state counts what was observed.

    With the explorer `softmax` or `retrieve` at temperature 1 it serves the policy as it was learnt. A score is a
    log-odds up to a constant, not an expected reward, unless the towers learnt by regression.

    What was learnt is looked for when somebody first asks what it says: whoever only counts does without, and a
    server that cannot find it answers by its fallback.

    Args:
        width: columns of a context.
        towers: what was learnt.
        index_of: of arms, for an explorer that wants the highest scores alone.
    """

    family = KIND
    bounds: tuple[float, float] | None = None
    contextual = True
    exact = True

    def __init__(self, width: int, towers: Elsewhere, index_of: IndexOf) -> None:
        self._width, self._towers, self._index_of = width, towers, index_of
        self._last: tuple[Arms, Placed] | None = None

    def check(self) -> None:
        """Raises `InvalidDeclaration` where what was learnt cannot be found, or does not fit."""
        self._towers.check()

    @cached_property
    def _tower(self) -> ExactTower:
        towers = self._towers()
        return ExactTower(towers.query, towers.temperature)

    def init(self) -> Table:
        """Nothing was observed."""
        return self._table([], np.zeros(0, np.int64), np.zeros(self._width, np.int64))

    def evidence(self, state: Table, batch: Batch) -> Table:
        """How often each arm was observed, and in which contexts."""
        del state
        arms, codes = batch.numbered
        sign = np.ones(len(batch)) if batch.sign is None else batch.sign.astype(np.float64)
        counted = np.bincount(codes, sign, len(arms)).astype(np.int64)
        return self._table(list(arms), counted, summed(batch, self._width))

    def absorb(self, state: Table, evidence: Table) -> Table:
        """Counts add up."""
        return state + evidence

    def reading(self, state: Table, arms: Arms, time: Time) -> Reading:
        """What the towers say; the arms are placed once while they are the same.

        Raises:
            Unavailable: they cannot be found any more.
        """
        del time
        last = self._last
        if last is None or last[0] is not arms:
            last = self._last = arms, Placed(self._towers(), arms, self._index_of)
        return TowerReading(self._tower, last[1], state, arms)

    @staticmethod
    def _table(arms: list[str], counted: NDArray[np.int64], sums: NDArray[np.int64]) -> Table:
        return Table.of(arms, {OBSERVATIONS: counted}, {USUAL: sums})
