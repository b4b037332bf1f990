"""Whether early events stand for the later value whichever arm was chosen: the assumption, arm by arm.

A surrogate is right where the later value, given the early events, does not depend on the arm any more
(Prentice 1989; Athey et al. 2019). Then what is left of it is 0 on average for every arm. Rows are weighed
by 1 / propensity, so that whom an arm was chosen for is no reason. Refuses to prove the assumption: it is
told by how much an arm differs, and how small a difference would have been seen.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.special import ndtri

from tamesu.experiment.followed import Followed, Reals, error_of_mean

CHANCE = 0.01
"""How probable it is that any arm is said to differ where none does."""

ENOUGH = 30.0
"""Effective rows of an arm below which it is not judged."""


class Left(NamedTuple):
    """What a surrogate leaves over of one arm.

    Attributes:
        arm: its id.
        rows: its deliveries.
        effective: how many rows their weights are worth.
        expected: what its early events say it comes to.
        later: what it came to.
        left: `later` less `expected`; below 0 the surrogate flatters it.
        error: the standard error of `left`.
        differs: whether that is more than chance, all judged arms taken together.
    """

    arm: str
    rows: int
    effective: float
    expected: float
    later: float
    left: float
    error: float
    differs: bool


def left_by_arm(rows: Followed, expected: Reals) -> list[Left]:
    """What is left of each arm that was delivered, in the order of `rows.arms`.

    With w = 1 / propensity, means are Σ w v / Σ w over the arm's rows; `differs` holds for
    |left| > z · error, z the 1 - CHANCE / (2 K) quantile of a normal for K arms that are judged.

    Args:
        rows: the deliveries.
        expected: (n,) out of sample.
    """
    found = [_of(rows, expected, arm) for arm in np.unique(rows.arm).tolist()]
    judged = [one for one in found if _is_judged(one)]
    bound = float(ndtri(1.0 - CHANCE / (2.0 * max(1, len(judged)))))
    return [
        one._replace(differs=_is_judged(one) and abs(one.left) > bound * one.error) for one in found
    ]


def _is_judged(one: Left) -> bool:
    return one.effective >= ENOUGH and one.error > 0.0


def _of(rows: Followed, expected: Reals, arm: int) -> Left:
    mine = np.flatnonzero(rows.arm == arm)
    weight = 1.0 / rows.propensity[mine]
    weight /= weight.sum()
    told, later = float(weight @ expected[mine]), float(weight @ rows.later[mine])
    left = rows.later[mine] - expected[mine]
    error = error_of_mean(rows.who[mine], weight, left - (later - told))
    effective = 1.0 / float(np.square(weight).sum())
    return Left(
        rows.arms[arm], len(mine), effective, told, later, later - told, error, differs=False
    )
