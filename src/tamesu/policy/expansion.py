"""Where a batch of rewards between 0 and 1 is expanded: at the log-odds that it makes likeliest itself.

A logistic likelihood is no parabola; near the mode of the posterior that comes of it, it is nearly one
(`tamesu.policy.laplace`). So the rows of a batch are expanded there, and not where the state was before it.
Refuses to change a state.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from tamesu.policy.gram import Sums, sums_of, these
from tamesu.policy.laplace import FARTHEST, lone_mode, parabola
from tamesu.policy.ridge import apart, ridged, settled, solved

Floats: TypeAlias = NDArray[np.float64]

Parts: TypeAlias = tuple[dict[str, Floats], dict[str, Floats]]
"""Sums by arm, and those that arms share, by their names in a table."""

SETTLED = 1e-3
"""Log-odds that move no further are where a batch is expanded; what that misses is of their square."""

REACH = 6.0
"""No row moves further in one step: where chances are near 0 or 1 a parabola promises too much."""


NEARER = 0.9
"""What is left to go must fall to this share of itself in a step, or the next one is half as long."""


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """The rows of a batch.

    Attributes:
        columns: (n, p + q + 1) own columns, joint ones, and room for a response.
        codes: (n,) which of k arms.
        groups: k.
        reward: (n,) in [0, 1].
        offset: (n,) log-odds where all coefficients are 0.
        width: p.
        seen: (n,) share of each reward that can have come, above 0; none where all can.
    """

    columns: Floats
    codes: NDArray[np.intp]
    groups: int
    reward: Floats
    offset: Floats
    width: int
    seen: Floats | None = None

    def sums(self, at: Floats, weights: Floats) -> Sums:
        """What they add, expanded `at` log-odds (n,), each times its weight (n,)."""
        precision, moment = parabola(at, self.reward)
        if self.seen is not None:
            # Where a share s can have come, r - s sigma(t) takes the place of r - sigma(t).
            precision, moment = (
                self.seen * precision,
                self.seen * moment + (1.0 - self.seen) * self.reward,
            )
        self.columns[:, -1] = moment / precision - self.offset
        shape = self.width, self.columns.shape[1] - 1 - self.width
        return sums_of(
            partial(these, self.columns), shape, self.codes, self.groups, precision * weights
        )


SumsOf: TypeAlias = Callable[[Rows, Floats], Parts]
"""What rows add, each times its weight (n,), expanded at a place that is found."""


class Mode(NamedTuple):
    """Coefficients, and the roots of what is not known of them.

    Attributes:
        root: (k, p, p) of the own ones, were the joint ones known.
        own: (k, p) the likeliest.
        joint_root: (q, q) of the joint ones.
        joint: (q,) the likeliest.
        crossed: (k, q, p) how own columns stand for joint ones.
    """

    root: Floats
    own: Floats
    joint_root: Floats
    joint: Floats
    crossed: Floats

    def at(self, rows: Rows) -> Floats:
        """(n,) log-odds of the rows."""
        p, columns = self.own.shape[1], rows.columns
        own = np.einsum("ni,ni->n", columns[:, :p], self.own[rows.codes])
        at: Floats = rows.offset + own + columns[:, p:-1] @ self.joint
        return at

    def variance(self, rows: Rows) -> Floats:
        """(n,) of those log-odds."""
        p, codes = self.own.shape[1], rows.codes
        own, joint = rows.columns[:, :p], rows.columns[:, p:-1]
        parts = np.einsum("nij,nj->ni", self.root[codes], own)
        rest = (joint - np.einsum("nij,nj->ni", self.crossed[codes], own)) @ self.joint_root.T
        variance: Floats = (parts * parts).sum(axis=1) + (rest * rest).sum(axis=1)
        return variance


def mode_of(sums: Sums, ridge: float) -> Mode:
    """The mode of k arms by their `sums`, where every coefficient has a prior of precision `ridge`."""
    p = sums.own.shape[1]
    q = len(sums.joint)
    prior = np.full(p, ridge)
    root, _, sides, _ = settled(ridged(sums.own[:, :, :p], 1.0, prior), prior, sums.own[:, :, p:])
    cross, moments = sides[:, :, :-1], sides[:, :, -1]
    if not q:
        own, _ = solved(root, moments)
        return Mode(root, own, np.zeros((0, 0)), np.zeros(0), np.zeros((len(root), 0, p)))
    prior = np.full(q, ridge)
    whole = ridged(sums.joint[:, :-1], 1.0, prior)
    precision, moment = apart(root, cross, moments, whole, sums.joint[:, -1])
    joint_root, _, side, _ = settled(precision[None], prior, moment[None, :, None], whole[None])
    joint = solved(joint_root, side[:, :, 0])[0][0]
    own, _ = solved(root, moments - cross @ joint)
    half = root @ cross
    return Mode(root, own, joint_root[0], joint, half.transpose(0, 2, 1) @ root)


def debts(sums: Sums, ridge: float) -> Sums | None:
    """What `sums` lack where more was taken back than was taught (`settled`); none where that is nothing."""
    p, q = sums.own.shape[1], len(sums.joint)
    prior = np.full(p, ridge)
    precisions = ridged(sums.own[:, :, :p], 1.0, prior)
    own = settled(precisions, prior, sums.own[:, :, p:])
    paid = np.concatenate([own.precisions - precisions, own.sides - sums.own[:, :, p:]], axis=2)
    if not q:
        return Sums(paid, sums.joint) if own.changed else None
    prior = np.full(q, ridge)
    whole = ridged(sums.joint[:, :-1], 1.0, prior)
    left = apart(own.root, own.sides[:, :, :-1], own.sides[:, :, -1], whole, sums.joint[:, -1])
    precision, moment = left.precision[None], left.moment[None, :, None]
    joint = settled(precision, prior, moment, whole[None])
    if not (own.changed or joint.changed):
        return None
    lacking = np.concatenate([joint.precisions - precision, joint.sides - moment], axis=2)
    return Sums(paid, lacking[0])


def expanded(rows: Rows, weights: Floats, before: Sums, ridge: float, repeat: int) -> Floats:
    """(n,) log-odds at which each row is expanded, within `FARTHEST`.

    Rows that are taken back are expanded where the others lead, and lead nowhere themselves.

    Args:
        rows: of a batch.
        weights: (n,) of each, below 0 where it is taken back.
        before: what is known of the arms without it.
        ridge: precision of the prior of every coefficient.
        repeat: Newton steps at most.
    """
    mode = mode_of(before, ridge)
    location = mode.at(rows)
    at = np.clip(location, -FARTHEST, FARTHEST)
    if not repeat or not len(at):
        return at
    lone = len(at) == 1 or (rows.groups == len(at) and not len(mode.joint))
    if lone and rows.seen is None and (weights > 0.0).all():
        given = (location, mode.variance(rows) * weights, rows.reward)
        modes = map(lone_mode, *(column.tolist() for column in given))
        return np.array(list(modes), dtype=np.float64)
    leading = np.maximum(weights, 0.0)
    part, last = 1.0, np.inf
    for _ in range(repeat):
        moved = mode_of(before + rows.sums(at, leading), ridge).at(rows) - at
        far = float(np.abs(moved).max())
        # Where a step leads no nearer it went too far, and the next ones would go to and fro.
        part, last = (0.5 * part if far > NEARER * last else min(1.0, 2.0 * part)), far
        at = np.clip(at + part * np.clip(moved, -REACH, REACH), -FARTHEST, FARTHEST)
        if far <= SETTLED:
            break
    return at
