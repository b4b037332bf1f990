"""What a linear belief thinks of arms, out of its sums: coefficients, their roots, the noise.

Own coefficients of different arms depend on each other through the joint ones alone, so those are solved
for first (`tamesu.policy.ridge.apart`). All that contexts share is computed when a reading is made. Refuses
to change a sum.
"""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from tamesu.base import Bug
from tamesu.policy.contract import Arms, Reading
from tamesu.policy.design import Design
from tamesu.policy.joint_reading import HybridReading, JointCoefficients, SharedReading
from tamesu.policy.linear_level import level_of, squares_beyond
from tamesu.policy.linear_noise import NoisePrior, Rest, noise_of
from tamesu.policy.linear_reading import Known, OwnReading
from tamesu.policy.linear_sums import (
    CLIPPED,
    JOINT_MOMENT,
    JOINT_PRECISION,
    OBSERVATIONS,
    PRECISION,
    SQUARES,
    WEIGHT,
)
from tamesu.policy.own_part import OwnPart, OwnParts
from tamesu.policy.ridge import apart, ridged, settled, solved
from tamesu.policy.table import Table, at_rows

Floats: TypeAlias = NDArray[np.float64]
Rows: TypeAlias = NDArray[np.intp]


class _Own(NamedTuple):
    """Own coefficients where rewards are told as what they are beyond a level.

    Attributes:
        part: whose they are.
        level: where the intercepts stand in the middle; 0 where what was taken from every reward is known.
        moment: (k, p) b of rewards less the level.
        coefficients: (k + 1, p), the level in the intercepts.
        left: (k,) what of the squares of those rewards the coefficients do not explain.
    """

    part: OwnPart
    level: float
    moment: Floats
    coefficients: Floats
    left: Floats


class _Joint(NamedTuple):
    """Joint coefficients, told alike.

    Attributes:
        root: (q, q) of the inverse of their precision.
        coefficients: (q,).
        left: what of the squares of all rewards neither they nor own ones explain.
    """

    root: Floats
    coefficients: Floats
    left: float


class LinearPosterior:
    """Posteriors of one design: reads states.

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
        own_ridge = np.full(design.own_width, ridge)
        own_ridge[:1] *= intercept
        self._intercept = ridge * intercept
        self._parts = OwnParts(own_ridge, design.joint_width)
        self._joint_ridge = np.full(design.joint_width, ridge)
        self._noise = noise
        self._base = mean
        self._placed: tuple[tuple[str, ...], tuple[str, ...], Rows] | None = None

    def reading(self, state: Table, arms: Arms, scale: float) -> Reading:
        """What `state` says of `arms`; a unit of its sums weighs `scale`.

        Raises:
            Bug: more was taken back from an arm than it was taught.
        """
        if state.per_arm[OBSERVATIONS].min(initial=0) < 0:
            raise Bug(
                "a linear state must count at least 0 observations; evidence was taken back twice"
            )
        design, rows = self._design, self._rows(state, arms)
        squares = state.per_arm[SQUARES] * scale
        own = self._own(state, scale, squares) if design.own_width else None
        if own is not None and not design.joint_width:
            known = self._known(state, rows, scale, Rest.of(own.left, squares))
            return OwnReading(design, known, own.part.triangles(rows), own.coefficients[rows])
        found = (
            self._alone(state, scale, squares) if own is None else self._beside(state, scale, own)
        )
        known = self._known(state, rows, scale, Rest.shared(found.left, squares))
        sums = state.shared[JOINT_PRECISION][0] * scale
        joint = JointCoefficients(known, found.root, found.coefficients, sums)
        if own is None:
            return SharedReading(design, known, joint, arms.features)
        triangles, crossed = own.part.triangles(rows), _crossed(own.part, rows)
        return HybridReading(
            design, known, joint, arms.features, triangles, own.coefficients[rows], crossed
        )

    def _rows(self, state: Table, arms: Arms) -> Rows:
        """Where the sums of `arms` are: looked up once while both are the very same objects."""
        placed = self._placed
        if placed is None or placed[0] is not state.arms or placed[1] is not arms.ids:
            placed = self._placed = state.arms, arms.ids, state.rows(arms.ids)
        return placed[2]

    def _own(self, state: Table, scale: float, squares: Floats) -> _Own:
        """The own parts, as if there were no joint ones; `squares` (k,) of rewards as they were summed."""
        part = self._parts.of(state, scale)
        moment, ones, first, coefficients = part.columns.own
        level = level_of(first, moment, ones) if self._base is None else 0.0
        base = level if self._base is None else self._base
        moment, ones, coefficients = moment[:-1], ones[:-1], coefficients.copy()
        if level:
            # A^-1 S e = e - (ridge of the intercept) A^-1 e.
            coefficients += (level * self._intercept) * first
            coefficients[:, 0] -= level
            squares = squares_beyond(level, squares, ones[:, 0], moment[:, 0])
            moment = moment - level * ones
        left = squares - np.einsum("kp,kp->k", moment, coefficients[:-1])
        coefficients[:, 0] += base
        return _Own(part, level, moment, coefficients, left)

    def _beside(self, state: Table, scale: float, own: _Own) -> _Joint:
        """The joint part of arms that have `own` ones."""
        sums, moment = state.shared[JOINT_PRECISION], state.shared[JOINT_MOMENT] * scale
        whole = ridged(sums, scale, self._joint_ridge)
        root_of, cross = own.part.stacked()[:-1], own.part.columns.cross[:-1]
        moment = moment - own.level * (sums[0] * scale)
        precision, moment = apart(root_of, cross, own.moment, whole, moment)
        root, _, side, _ = settled(
            precision[None], self._joint_ridge, moment[None, :, None], whole[None]
        )
        coefficients, explained = solved(root, side[:, :, 0])
        return _Joint(root[0], coefficients[0], float(own.left.sum() - explained[0]))

    def _alone(self, state: Table, scale: float, squares: Floats) -> _Joint:
        """The joint part of arms that have no own ones; the level of rewards is its intercept."""
        sums = state.shared[JOINT_PRECISION]
        sides = np.stack([state.shared[JOINT_MOMENT], sums[0]], axis=1) * scale
        precision = ridged(sums, scale, self._joint_ridge)
        root, _, (left,), _ = settled(precision[None], self._joint_ridge, sides[None])
        moment, ones = left.T
        level = 0.0
        if self._base is None:
            level = level_of(root[0].T @ root[0, :, 0], moment, ones)
        coefficients, explained = solved(root, (moment - level * ones)[None])
        coefficients[:, 0] += level if self._base is None else self._base
        beyond = squares_beyond(level, squares.sum(keepdims=True), sides[:1, 1], sides[:1, 0])
        return _Joint(root[0], coefficients[0], float(beyond[0] - explained[0]))

    def _known(self, state: Table, rows: Rows, scale: float, rest: Rest) -> Known:
        """Counts and the noise."""
        sums, weight = state.per_arm, np.zeros(len(state.arms) + 1)
        np.multiply(sums[WEIGHT], scale, out=weight[:-1])
        noise, dof = noise_of(self._noise, rest, weight, rows if self._design.independent else None)
        return Known(
            noise=noise,
            dof=dof,
            observations=at_rows(sums[OBSERVATIONS], rows),
            total=int(sums[OBSERVATIONS].sum()),
            clipped=at_rows(sums[CLIPPED], rows),
            weight=weight[rows],
            total_weight=float(weight.sum()),
            typical=self._typical(state),
        )

    def _typical(self, state: Table) -> Floats:
        """(d,) the mean context of what was learnt."""
        d = self._design.width
        if self._design.own_width:
            first = state.per_arm[PRECISION][:, 0, :].sum(axis=0)
        else:
            first = state.shared[JOINT_PRECISION][0]
        mean: Floats = first[1 : 1 + d] / first[0] if first[0] > 0.0 else np.zeros(d)
        return mean


def _crossed(part: OwnPart, rows: Rows) -> Floats:
    """(n, q, p) BT A^-1 of the arms at `rows`."""
    root, cross = part.stacked()[rows], part.columns.cross[rows]
    half = root @ cross
    crossed: Floats = half.transpose(0, 2, 1) @ root
    return crossed
