"""What a linear belief thinks of arms, out of its sums: coefficients, their roots, the noise.

Own coefficients of different arms depend on each other through the joint ones alone, so those are solved
for first (`tamesu.policy.ridge.apart`). All that contexts share is computed when a reading is made. Refuses
to change a sum.
"""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from tamesu.base import Bug
from tamesu.policy.contract import Arms, Reading
from tamesu.policy.design import Design
from tamesu.policy.joint_reading import HybridReading, JointCoefficients, SharedReading
from tamesu.policy.linear_level import (
    CLIPPED,
    CROSS,
    JOINT_MOMENT,
    JOINT_PRECISION,
    MOMENT,
    OBSERVATIONS,
    PRECISION,
    SQUARES,
    WEIGHT,
    centred,
    level_of,
)
from tamesu.policy.linear_reading import Known, OwnReading
from tamesu.policy.ridge import ROUNDING, apart, in_debt, roots, settled, solved
from tamesu.policy.table import Table

Floats: TypeAlias = NDArray[np.float64]

CAUTION = 4.0
"""How many times the noise of all arms together is expected of one of which nothing was seen."""

SPREAD = 4.0
"""Before any reward came, a deviation of a quarter of their bounds is expected, as a gaussian belief does."""

LEAST_NOISE = 1e-200
"""Variance; with less the scores of arms would not be distributions."""


class NoisePrior(NamedTuple):
    """What is thought of a learnt noise beforehand.

    Attributes:
        a: as sure of it as after 2 a rewards; above 1.
        bounds: of rewards; none where they are not known.
    """

    a: float
    bounds: tuple[float, float] | None

    def common(self, left: float, weight: float, rounding: float) -> float:
        """The noise of all arms together: what is `left` over of rewards that weigh `weight` in all.

        Where that is no more than the `rounding` of sums, rewards have all been alike. Then the next one is
        thought of as the first that differs, by what was expected before any came: (expected) / (weight + 1).
        """
        if left > rounding:
            return max(left / weight, LEAST_NOISE)
        if self.bounds is None or self.bounds[0] == self.bounds[1]:
            expected = 1.0
        else:
            expected = ((self.bounds[1] - self.bounds[0]) / SPREAD) ** 2
        return expected / (weight + 1.0)


class _Rest(NamedTuple):
    """What nothing explains of the squares of rewards.

    Attributes:
        left: (k,) of each arm or, where arms share it, (1,).
        rounding: how far the sum of all is known.
    """

    left: Floats
    rounding: float


class _Solved(NamedTuple):
    """Arms of a state and one more, of which nothing was learnt.

    Attributes:
        root: (k + 1, p, p); the last one of the prior.
        coefficients: (k + 1, p) A^-1 b.
        explained: (k,) bT A^-1 b.
    """

    root: Floats
    coefficients: Floats
    explained: Floats


class LinearPosterior:
    """Posteriors of one design: reads states.

    Roots of arms whose sums did not change since the last reading are not computed again.

    Args:
        design: whose columns were summed.
        ridge: precision of the prior of every coefficient.
        noise: variance of a reward, or what is thought of it.
        intercept: precision of that of the own intercepts, in units of `ridge`.
        mean: what was taken from every reward before it was summed; none where that is learnt.
    """

    def __init__(
        self,
        design: Design,
        ridge: float,
        noise: NoisePrior | float,
        *,
        intercept: float = 1.0,
        mean: float | None = 0.0,
    ) -> None:
        self._design = design
        self._own_ridge = np.full(design.own_width, ridge)
        self._own_ridge[:1] *= intercept
        self._joint_ridge = np.full(design.joint_width, ridge)
        self._noise = noise
        self._base = mean
        self._last: tuple[tuple[str, ...], float, Floats, Floats] | None = None

    def reading(self, state: Table, arms: Arms, scale: float) -> Reading:
        """What `state` says of `arms`; a unit of its sums weighs `scale`.

        Raises:
            Bug: more was taken back from an arm than it was taught.
        """
        if np.any(state.per_arm[OBSERVATIONS] < 0):
            raise Bug(
                "a linear state must count at least 0 observations; evidence was taken back twice"
            )
        design, rows = self._design, state.rows(arms.ids)
        known_roots = None
        if design.own_width:
            known_roots, state = self._settled(state, scale)
        base, squares = self._base, state.per_arm[SQUARES] * scale
        if base is None:
            base = self._level(state, scale, known_roots)
            state = centred(state, base)
        own = None if known_roots is None else self._own(state, scale, known_roots, base)
        left = state.per_arm[SQUARES] * scale
        if own is not None:
            left = left - own.explained
        # What is left of squares is known as far as they were rounded, and never below 0.
        least = ROUNDING * squares
        if not design.joint_width:
            rest = _Rest(np.maximum(left, least), float(least.sum()))
            known = self._known(state, arms, rows, scale, rest)
            return OwnReading(design, known, *_at(own, rows))
        root, mean, explained = self._joint(state, scale, own, base)
        rounding = float(least.sum())
        rest = _Rest(np.array([max(float(left.sum()) - explained, rounding)]), rounding)
        known = self._known(state, arms, rows, scale, rest)
        sums = state.shared[JOINT_PRECISION][0] * scale
        joint = JointCoefficients(known, root, mean, sums)
        if own is None:
            return SharedReading(design, known, joint, arms.features)
        crossed = self._crossed(state, own, scale)
        return HybridReading(design, known, joint, arms.features, *_at(own, rows), crossed[rows])

    def _level(self, state: Table, scale: float, own: Floats | None) -> float:
        """Where intercepts stand in the middle: the own ones, or where there are none the joint one."""
        if own is not None:
            per_arm = state.per_arm
            return level_of(own, per_arm[MOMENT] * scale, per_arm[PRECISION][:, 0] * scale)
        precision = _ridged(state.shared[JOINT_PRECISION], scale, self._joint_ridge)
        ones = state.shared[JOINT_PRECISION][:1]
        return level_of(
            roots(precision[None]), state.shared[JOINT_MOMENT][None] * scale, ones * scale
        )

    def _own(self, state: Table, scale: float, known: Floats, base: float) -> _Solved:
        """The own parts, as if there were no joint ones."""
        p = self._design.own_width
        root = np.empty((len(state.arms) + 1, p, p))
        root[:-1] = known
        root[-1] = np.diag(1.0 / np.sqrt(self._own_ridge))
        coefficients = np.zeros((len(root), p))
        coefficients[:-1], explained = solved(root[:-1], state.per_arm[MOMENT] * scale)
        coefficients[:, 0] += base
        return _Solved(root, coefficients, explained)

    def _roots(self, state: Table, scale: float) -> Floats:
        precision, last = state.per_arm[PRECISION], self._last
        if last is not None and last[:2] == (state.arms, scale):
            changed = (precision != last[2]).any(axis=(1, 2))
            found = last[3].copy()
            found[changed] = roots(_ridged(precision[changed], scale, self._own_ridge))
        else:
            found = roots(_ridged(precision, scale, self._own_ridge))
        self._last = (state.arms, scale, precision, found)
        return found

    def _settled(self, state: Table, scale: float) -> tuple[Floats, Table]:
        """The roots of own parts, and the state, without what was taken back and never taught."""
        per_arm, known = state.per_arm, self._roots(state, scale)
        if not in_debt(known, self._own_ridge).any():
            return known, state
        names = [name for name in (MOMENT, CROSS) if name in per_arm]
        arms, p = len(state.arms), self._design.own_width
        sides = np.concatenate([per_arm[name].reshape(arms, p, -1) for name in names], axis=2)
        precision = _ridged(per_arm[PRECISION], scale, self._own_ridge)
        left = settled(known, precision, self._own_ridge, sides)
        columns = {**per_arm, MOMENT: left.sides[:, :, 0]}
        if CROSS in per_arm:
            columns[CROSS] = left.sides[:, :, 1:]
        return left.root, replace(state, per_arm=columns)

    def _joint(
        self, state: Table, scale: float, own: _Solved | None, base: float
    ) -> tuple[Floats, Floats, float]:
        """The root and the coefficients of the joint part, and what it explains beyond the own one."""
        whole = precision = _ridged(state.shared[JOINT_PRECISION], scale, self._joint_ridge)
        moment = state.shared[JOINT_MOMENT] * scale
        if own is not None:
            precision, moment = apart(
                own.root[:-1],
                state.per_arm[CROSS] * scale,
                state.per_arm[MOMENT] * scale,
                precision,
                moment,
            )
        root, _, side, _ = settled(
            roots(precision[None], whole[None]),
            precision[None],
            self._joint_ridge,
            moment[None, :, None],
        )
        coefficients, explained = solved(root, side[:, :, 0])
        if own is None:
            coefficients[:, 0] += base
        return root[0], coefficients[0], float(explained[0])

    def _crossed(self, state: Table, own: _Solved, scale: float) -> Floats:
        """(k + 1, q, p) BT A^-1 of each arm of the state, and of one of which nothing was learnt."""
        p, q = self._design.own_width, self._design.joint_width
        crossed = np.zeros((len(own.root), q, p))
        half = own.root[:-1] @ (state.per_arm[CROSS] * scale)
        crossed[:-1] = half.transpose(0, 2, 1) @ own.root[:-1]
        return crossed

    def _known(
        self, state: Table, arms: Arms, rows: NDArray[np.intp], scale: float, rest: _Rest
    ) -> Known:
        """Counts and the noise."""
        weight = np.append(state.per_arm[WEIGHT], 0.0) * scale
        total = float(weight.sum())
        noise, dof = self._noise_of(rest, weight, rows)
        return Known(
            noise=noise,
            dof=dof,
            observations=state.column(OBSERVATIONS, arms.ids),
            total=int(state.per_arm[OBSERVATIONS].sum()),
            clipped=state.column(CLIPPED, arms.ids),
            weight=weight[rows],
            total_weight=total,
            typical=self._typical(state),
        )

    def _noise_of(
        self, rest: _Rest, weight: Floats, rows: NDArray[np.intp]
    ) -> tuple[Floats, Floats | None]:
        """The deviation of a reward of each arm, or of all, and degrees of freedom."""
        if not isinstance(self._noise, NoisePrior):
            given = len(rows) if self._design.independent else 1
            return np.full(given, np.sqrt(self._noise)), None
        left, total = rest.left, float(weight.sum())
        a, common = self._noise.a, self._noise.common(float(left.sum()), total, rest.rounding)
        if self._design.independent:
            left, weight = np.append(left, 0.0)[rows], weight[rows]
        else:
            weight = np.array([total])
        by = a + 0.5 * weight
        # b of a prior with that a, under which the noise is expected to be CAUTION times the common one.
        return np.sqrt((CAUTION * (a - 1.0) * common + 0.5 * left) / by), 2.0 * by

    def _typical(self, state: Table) -> Floats:
        """(d,) the mean context of what was learnt."""
        d = self._design.width
        if self._design.own_width:
            first = state.per_arm[PRECISION][:, 0, :].sum(axis=0)
        else:
            first = state.shared[JOINT_PRECISION][0]
        mean: Floats = first[1 : 1 + d] / first[0] if first[0] > 0.0 else np.zeros(d)
        return mean


def _ridged(sums: Floats, scale: float, ridge: Floats) -> Floats:
    precision = sums * scale
    np.einsum("...ii->...i", precision)[...] += ridge
    return precision


def _at(own: _Solved | None, rows: NDArray[np.intp]) -> tuple[Floats, Floats]:
    if own is None:
        raise Bug("a design without joint columns must have own ones")
    return own.root[rows], own.coefficients[rows]
