"""The diagonal form of a logistic belief: coefficients that are thought to know nothing of each other.

Chapelle & Li 2011, algorithm 3: of every coefficient a mean and a precision, so thousands of columns cost what
they are. A batch is expanded at its mode, the diagonal as its prior; what the columns of one batch know of each
other is in that mode and is then forgotten. Sums: of each coefficient the precision w x^2 and the moment
w x^2 theta + (r - sigma) x. Refuses to know how sure it would be of a direction across columns.
"""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, sparse, special

from tamesu.policy.contract import Arms, Reading
from tamesu.policy.design import Design
from tamesu.policy.diagonal_reading import Diagonal, DiagonalReading
from tamesu.policy.expansion import Parts, Rows, SumsOf
from tamesu.policy.laplace import FARTHEST, lone_mode
from tamesu.policy.linear_reading import Known
from tamesu.policy.linear_sums import (
    CLIPPED,
    JOINT_MOMENT,
    JOINT_PRECISION,
    MOMENT,
    OBSERVATIONS,
    PRECISION,
    WEIGHT,
)
from tamesu.policy.ridge import DEBT
from tamesu.policy.table import Table

Floats: TypeAlias = NDArray[np.float64]

COLUMNS = "columns"
"""Sums of the columns themselves, own and joint."""

STEPS_EACH = 10
"""Steps of a method that knows no curvature, in place of one that does."""


class Point(NamedTuple):
    """Coefficients: `own` (k, p) of the arms of a batch, `joint` (q,)."""

    own: Floats
    joint: Floats

    def at(self, rows: Rows) -> Floats:
        """(n,) log-odds of the rows."""
        p = rows.width
        own = np.einsum("ni,ni->n", rows.columns[:, :p], self.own[rows.codes])
        at: Floats = rows.offset + own + rows.columns[:, p:-1] @ self.joint
        return at

    def flat(self) -> Floats:
        """All of them in a row."""
        return np.concatenate([self.own.ravel(), self.joint])


class DiagonalForm:
    """Sums, places and readings of a design, each coefficient by itself."""

    def __init__(self, design: Design, ridge: float, repeat: int) -> None:
        self._design = design
        self._ridge = ridge
        self._repeat = repeat

    def nothing(self) -> Parts:
        """The sums of no rows."""
        p, q = self._design.own_width, self._design.joint_width
        return self._parts(np.zeros((2, 0, p)), np.zeros((2, q)), np.zeros(0), np.zeros(p + q))

    def expanded(
        self, rows: Rows, weights: Floats, state: Table, scale: float, arms: list[str]
    ) -> SumsOf:
        """What rows add, expanded where this batch leads; its rows weigh `weights` (n,) now."""
        place = self._place(rows, weights, state, scale, arms)
        return lambda rows, weights: self._sums(rows, place, weights)

    def _place(
        self, rows: Rows, weights: Floats, state: Table, scale: float, arms: list[str]
    ) -> Point:
        """The coefficients at which a batch is expanded."""
        mean, precision = self._before(state, scale, arms)
        if not self._repeat or not len(weights):
            return mean
        if len(weights) == 1 and rows.seen is None and weights[0] > 0.0:
            return _along(rows, float(weights[0]), mean, precision)
        return self._mode(rows, np.maximum(weights, 0.0), mean, precision)

    def foreknown(self, precision: Floats, coefficients: Floats, weight: Floats) -> Parts:
        """Sums of own columns that say `coefficients` (k, p) with the diagonal of `precision` (k, p, p)."""
        p, q = self._design.own_width, self._design.joint_width
        each = np.diagonal(precision, axis1=1, axis2=2)
        own = np.stack([each, each * coefficients])
        return self._parts(own, np.zeros((2, q)), weight, np.zeros(p + q))

    def debts(self, state: Table, scale: float, arms: list[str]) -> Parts | None:
        """What the sums of `arms` lack where more was taken back than was taught; none where that is nothing."""
        sums = self._scaled(state, scale, arms)
        owing = [part[0] < -DEBT * self._ridge for part in sums]
        if not any(where.any() for where in owing):
            return None
        own, joint = (np.where(where, -part, 0.0) for part, where in zip(sums, owing, strict=True))
        weight, columns = np.zeros(len(arms)), np.zeros_like(state.shared[COLUMNS])
        return self._parts(own, joint, weight, columns)

    def _sums(self, rows: Rows, place: Point, weights: Floats) -> Parts:
        p, k, codes = rows.width, rows.groups, rows.codes
        columns = rows.columns[:, :-1]
        chance = special.expit(np.clip(place.at(rows), -FARTHEST, FARTHEST))
        curved = (weights * chance * (1.0 - chance))[:, None] * columns * columns
        slope = (weights * (rows.reward - chance))[:, None] * columns
        by_arm = _by_arm(codes, np.ones(len(codes)), k)
        own = np.stack([by_arm @ curved[:, :p], by_arm @ slope[:, :p]])
        own[1] += own[0] * place.own
        precision = curved[:, p:].sum(axis=0)
        joint = np.stack([precision, precision * place.joint + slope[:, p:].sum(axis=0)])
        weight = np.bincount(codes, weights, k).astype(np.float64)
        return self._parts(own, joint, weight, weights @ columns)

    def reading(self, state: Table, arms: Arms, scale: float) -> Reading:
        """What `state` says of `arms`; a unit of its sums weighs `scale`."""
        mean, precision = self._before(state, scale, arms.ids)
        d = self._design.width
        columns = state.shared[COLUMNS] * scale
        known = Known(
            noise=np.ones(1),
            dof=None,
            observations=state.column(OBSERVATIONS, arms.ids),
            total=int(state.per_arm[OBSERVATIONS].sum()),
            clipped=state.column(CLIPPED, arms.ids),
            weight=state.column(WEIGHT, arms.ids) * scale,
            total_weight=float(state.per_arm[WEIGHT].sum()) * scale,
            typical=columns[1 : 1 + d] / columns[0] if columns[0] > 0.0 else np.zeros(d),
        )
        own, joint = (
            Diagonal(means, 1.0 / precisions)
            for means, precisions in zip(mean, precision, strict=True)
        )
        return DiagonalReading(self._design, known, own, joint, arms.features, columns)

    def _before(
        self, state: Table, scale: float, arms: list[str] | tuple[str, ...]
    ) -> tuple[Point, Point]:
        """Means and precisions."""
        own, joint = self._scaled(state, scale, arms)
        # A debt that is not forgiven yet leaves the prior: no precision is below its own, nor a moment left.
        for part in (own, joint):
            part[:, part[0] < 0.0] = 0.0
        sure = Point(own[0] + self._ridge, joint[0] + self._ridge)
        return Point(own[1] / sure.own, joint[1] / sure.joint), sure

    def _scaled(
        self, state: Table, scale: float, arms: list[str] | tuple[str, ...]
    ) -> tuple[Floats, Floats]:
        """Precisions and moments of `arms` (2, k, p), and of what is shared (2, q), as they weigh now."""
        k, p, q = len(arms), self._design.own_width, self._design.joint_width
        own = np.zeros((2, k, p))
        joint = np.zeros((2, q))
        if p:
            own[0], own[1] = state.column(PRECISION, arms), state.column(MOMENT, arms)
        if q:
            joint[0], joint[1] = state.shared[JOINT_PRECISION], state.shared[JOINT_MOMENT]
        return own * scale, joint * scale

    def _mode(self, rows: Rows, weights: Floats, mean: Point, precision: Point) -> Point:
        p, columns, codes = rows.width, rows.columns[:, :-1], rows.codes
        shape, split = mean.own.shape, mean.own.size
        start, root = mean.flat(), np.sqrt(precision.flat())
        seen = np.ones(len(weights)) if rows.seen is None else rows.seen

        def loss(moved: Floats) -> tuple[float, Floats]:
            flat = start + moved / root
            at = Point(flat[:split].reshape(shape), flat[split:]).at(rows)
            slope = weights * (seen * special.expit(at) - rows.reward)
            own = _by_arm(codes, slope, rows.groups) @ columns[:, :p]
            joint = slope @ columns[:, p:]
            value = weights @ (seen * np.logaddexp(0.0, at) - rows.reward * at)
            rise = moved + np.concatenate([own.ravel(), joint]) / root
            return float(value + 0.5 * moved @ moved), rise

        found = optimize.minimize(
            loss,
            np.zeros(len(start)),
            jac=True,
            method="L-BFGS-B",
            options={"maxiter": STEPS_EACH * self._repeat},
        )
        flat = start + np.asarray(found.x, dtype=np.float64) / root
        if not np.isfinite(flat).all():
            return mean
        return Point(flat[:split].reshape(shape), flat[split:])

    def _parts(self, own: Floats, joint: Floats, weight: Floats, columns: Floats) -> Parts:
        by_arm: dict[str, Floats] = {WEIGHT: weight}
        shared: dict[str, Floats] = {COLUMNS: columns}
        if self._design.own_width:
            by_arm |= {PRECISION: own[0], MOMENT: own[1]}
        if self._design.joint_width:
            shared |= {JOINT_PRECISION: joint[0], JOINT_MOMENT: joint[1]}
        return by_arm, shared


def _by_arm(codes: NDArray[np.intp], numbers: Floats, groups: int) -> sparse.csc_array:
    """(groups, n) matrix of n rows' `numbers`, each where its code says."""
    n = len(codes)
    return sparse.csc_array((numbers, codes, np.arange(n + 1)), shape=(groups, n))


def _along(rows: Rows, weight: float, mean: Point, precision: Point) -> Point:
    """The mode of one row: it moves the coefficients along one line."""
    p, columns = rows.width, rows.columns[0, :-1]
    own, joint = columns[:p] / precision.own[0], columns[p:] / precision.joint
    variance = float(columns[:p] @ own + columns[p:] @ joint)
    location = float(mean.at(rows)[0])
    if not variance > 0.0:
        return mean
    mode = lone_mode(location, variance * weight, float(rows.reward[0]))
    step = (mode - location) / variance
    return Point(mean.own + step * own, mean.joint + step * joint)
