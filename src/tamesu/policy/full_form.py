"""The full form of a logistic belief: sums of products, as a linear belief has them.

Refuses to know log-odds as chances.
"""

from __future__ import annotations

import math
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from tamesu.policy.contract import Arms, Reading
from tamesu.policy.design import Design
from tamesu.policy.expansion import Parts, Rows, SumsOf, debts, expanded
from tamesu.policy.gram import Sums
from tamesu.policy.linear_posterior import LinearPosterior
from tamesu.policy.linear_sums import (
    CROSS,
    JOINT_MOMENT,
    JOINT_PRECISION,
    MOMENT,
    PRECISION,
    SQUARES,
    WEIGHT,
    columns_of,
)
from tamesu.policy.ridge import ridged, roots
from tamesu.policy.table import Table

Floats: TypeAlias = NDArray[np.float64]


class FullForm:
    """Sums, places and readings of a design, coefficients with all that they know of each other."""

    def __init__(self, design: Design, ridge: float, repeat: int) -> None:
        self._design = design
        self._ridge = ridge
        self._repeat = repeat
        self._posterior = LinearPosterior(design, ridge, 1.0)

    def nothing(self) -> Parts:
        """The sums of no rows."""
        p, q = self._design.own_width, self._design.joint_width
        nothing = Sums(np.zeros((0, p, p + q + 1)), np.zeros((q, q + 1)))
        return self._parts(nothing, np.zeros(0))

    def expanded(
        self, rows: Rows, weights: Floats, state: Table, scale: float, arms: list[str]
    ) -> SumsOf:
        """What rows add, expanded where this batch leads; its rows weigh `weights` (n,) now."""
        before = self._before(state, scale, arms)
        at = expanded(rows, weights, before, self._ridge, self._repeat)

        def sums_of(rows: Rows, weights: Floats) -> Parts:
            weight = np.bincount(rows.codes, weights, rows.groups).astype(np.float64)
            return self._parts(rows.sums(at, weights), weight)

        return sums_of

    def foreknown(self, precision: Floats, coefficients: Floats, weight: Floats) -> Parts:
        """Sums of own columns that say `coefficients` (k, p) with `precision` (k, p, p)."""
        k, p, q = len(weight), self._design.own_width, self._design.joint_width
        moment = np.einsum("kij,kj->ki", precision, coefficients)
        parts = [precision, np.zeros((k, p, q)), moment[:, :, None]]
        return self._parts(Sums(np.concatenate(parts, axis=2), np.zeros((q, q + 1))), weight)

    def debts(self, state: Table, scale: float, arms: list[str]) -> Parts | None:
        """What the sums of `arms` lack where more was taken back than was taught; none where that is nothing."""
        owed = debts(self._before(state, scale, arms), self._ridge)
        return None if owed is None else self._parts(owed, np.zeros(len(arms)))

    def reading(self, state: Table, arms: Arms, scale: float) -> Reading:
        """What `state` says of `arms`; a unit of its sums weighs `scale`."""
        return self._posterior.reading(state, arms, scale)

    def _before(self, state: Table, scale: float, arms: list[str]) -> Sums:
        """What `state` knows of `arms`; what it knows of others is in the joint part."""
        p, q = self._design.own_width, self._design.joint_width
        own = np.zeros((len(arms), p, p + q + 1))
        joint = np.zeros((q, q + 1))
        if q:
            joint[:, :-1] = state.shared[JOINT_PRECISION]
            joint[:, -1] = state.shared[JOINT_MOMENT]
        if p:
            rows = state.rows(arms)
            known = rows < len(state.arms)
            own[known, :, :p] = state.per_arm[PRECISION][rows[known]]
            own[known, :, -1] = state.per_arm[MOMENT][rows[known]]
            if q:
                cross = state.per_arm[CROSS]
                own[known, :, p:-1] = cross[rows[known]]
                others = np.ones(len(state.arms), np.bool_)
                others[rows[known]] = False
                prior = np.full(p, self._ridge)
                precision = ridged(state.per_arm[PRECISION][others], scale, prior)
                rest = np.concatenate(
                    [cross[others], state.per_arm[MOMENT][others][:, :, None]], axis=2
                )
                side = (roots(precision) @ (rest * math.sqrt(scale))).reshape(-1, q + 1)
                joint -= side[:, :-1].T @ side
        return Sums(own * scale, joint * scale)

    def _parts(self, sums: Sums, weight: Floats) -> Parts:
        columns, shared = columns_of(sums)
        # The noise of a chance follows from it: nobody asks for squares.
        return {WEIGHT: weight, SQUARES: np.zeros(len(weight)), **columns}, shared
