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

LEAST_LEFT = 1e-5
"""Less than this, of the spread of later values, is rounding and the penalty, not a difference."""

LEAST_PROPENSITY = 1e-9
"""A smaller one counts as this."""

QUARTERS = ("first quarter", "second quarter", "third quarter", "last quarter")
"""Parts of the rows by time."""


class Left(NamedTuple):
    """What a surrogate leaves over of one arm, or of one part of the time.

    Attributes:
        name: the arm's id, or the part.
        rows: its deliveries.
        effective: how many rows their weights are worth.
        expected: what its early events say it comes to.
        later: what it came to.
        left: `later` less `expected`; below 0 the surrogate flatters it.
        error: the standard error of `left`.
        differs: whether that is more than chance, all that are judged taken together.
    """

    name: str
    rows: int
    effective: float
    expected: float
    later: float
    left: float
    error: float
    differs: bool

    @property
    def is_judged(self) -> bool:
        """Whether there is enough of it to say."""
        return self.effective >= ENOUGH and self.error > 0.0


def left_by_arm(rows: Followed, expected: Reals) -> list[Left]:
    """What is left of each arm that was delivered, in the order of `rows.arms`.

    With w = 1 / propensity, means are Σ w v / Σ w over the arm's rows; `differs` holds for
    |left| > z · error (and more than rounding), z the 1 - CHANCE / (2 K) quantile of a normal for K arms
    that are judged.

    Args:
        rows: the deliveries.
        expected: (n,) out of sample.
    """
    order = np.argsort(rows.arm, kind="stable")
    _, begins = np.unique(rows.arm[order], return_index=True)
    least = LEAST_LEFT * float(rows.later.std())
    found = [
        _of(rows.arms[int(rows.arm[mine[0]])], rows.take(mine), expected[mine])
        for mine in np.split(order, begins[1:])
    ]
    return _judged(found, least)


def left_by_time(rows: Followed, expected: Reals, names: tuple[str, ...] = QUARTERS) -> list[Left]:
    """The same of parts of the rows by the moment of their decision, as many as `names`, equally large.

    Weights that were right and are no more leave something of the newest part.
    """
    order = np.argsort(rows.decided, kind="stable")
    found = [
        _of(name, rows.take(mine), expected[mine], even=True)
        for name, mine in zip(names, np.array_split(order, len(names)), strict=True)
        if len(mine)
    ]
    return _judged(found, LEAST_LEFT * float(rows.later.std()))


def _judged(found: list[Left], least: float) -> list[Left]:
    judged = [one for one in found if one.is_judged]
    bound = float(ndtri(1.0 - CHANCE / (2.0 * max(1, len(judged)))))
    return [
        one._replace(differs=one.is_judged and abs(one.left) > max(least, bound * one.error))
        for one in found
    ]


def _of(name: str, rows: Followed, expected: Reals, *, even: bool = False) -> Left:
    # A propensity of 0 is none, and a weight without end would hide all other rows.
    weight = np.ones(len(rows)) if even else 1.0 / np.maximum(rows.propensity, LEAST_PROPENSITY)
    weight /= weight.sum()
    told, later = float(weight @ expected), float(weight @ rows.later)
    left = rows.later - expected
    error = error_of_mean(rows.who, weight, left - (later - told))
    effective = 1.0 / float(np.square(weight).sum())
    return Left(name, len(rows), effective, told, later, later - told, error, differs=False)
