"""A surrogate: the later value of a delivery, told from its early events, before it has come.

    later ≈ constant + Σ_t weight_t · min(cap_t, early_t)

by ridge regression, its penalty chosen by cross-validation, its power measured on rows that it was not
fitted to. It is linear so that it can be the reward: a sum of terms. Refuses to judge from few rows, and
to weigh an event that hardly ever came. See `docs/math/surrogate.md`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tamesu.experiment.followed import Followed, Integers, Reals, error_of_mean

FOLDS = 10
"""Parts of the rows, each told by what the others say; all rows of one unit in one part."""

RIDGES = (1e-6, 1e-4, 1e-3, 1e-2, 0.03, 0.1, 0.3, 1.0)
"""Penalties tried, in units of the rows' number and the spread of each event type."""

LEAST_ROWS = 500
"""Deliveries below which nothing is fitted."""

LEAST_WHO = 100
"""Units, or decisions, below which nothing is fitted."""

LEAST_SEEN = 30
"""Deliveries with an event of a type below which the type gets no weight; and with a later value
other than most have, below which nothing is fitted."""

ERRORS = 2.0
"""R² must lie so many of its standard errors above 0, or there is no power to speak of."""


@dataclass(frozen=True, eq=False)
class Fitted:
    """A surrogate, and how well it tells what it was not fitted to.

    Attributes:
        weights: (p,) by event type; 0 for one that was seen too rarely.
        caps: (p,) the largest value of each that was seen: nothing is told beyond it.
        rare: types that were seen too rarely for a weight.
        constant: what a delivery without events is expected to come to.
        ridge: the penalty that told best.
        score: (n,) what the weights make of each row, the constant left out.
        expected: (n,) what a row was expected to come to by a fit to other units' rows.
        r2: 1 - (squares of what is left) / (squares around the mean), both out of sample.
        r2_error: its standard error, rows of one unit taken together.
    """

    weights: Reals
    caps: Reals
    rare: tuple[str, ...]
    constant: float
    ridge: float
    score: Reals
    expected: Reals
    r2: float
    r2_error: float

    @property
    def has_power(self) -> bool:
        """Whether early events say anything of the later value, beyond chance."""
        return self.r2 > ERRORS * self.r2_error


def lacking(rows: Followed) -> str | None:
    """Why nothing can be fitted to `rows`, in words; none where it can."""
    groups = len(np.unique(rows.who))
    if len(rows) < LEAST_ROWS or groups < LEAST_WHO:
        return (
            f"there must be {LEAST_ROWS} deliveries of {LEAST_WHO} units or decisions whose later value "
            f"is known, got {len(rows):,} of {groups:,}"
        )
    _, counts = np.unique(rows.later, return_counts=True)
    others = len(rows) - int(counts.max())
    if others < LEAST_SEEN:
        return (
            f"the later value must differ from what most have in {LEAST_SEEN} deliveries at least, "
            f"it does in {others}"
        )
    if not _often(rows).any():
        return (
            f"an event type must have come early in {LEAST_SEEN} deliveries, and not in another "
            f"{LEAST_SEEN}; none of {', '.join(rows.types)} has"
        )
    return None


def fit(rows: Followed) -> Fitted:
    """The surrogate that `rows` give; they lack nothing (`lacking`).

    Each type counts by its spread s_t: with z = (early - mean) / s, the weights minimise
    Σ (later - mean - z·b)² + n·ridge·|b|², and weight_t = b_t / s_t.

    **Laws**: the same for rows in any order, up to rounding; a later value c times as large has weights
    c times as large, and the same r2; one that is c higher has a constant that is.

    Cost: O(n p² + folds · p³) a penalty.
    """
    often = _often(rows)
    early = rows.early[:, often]
    middle, spread = early.mean(axis=0), early.std(axis=0)
    level = float(rows.later.mean())
    sums = _sums((early - middle) / spread, rows.later - level, rows.who % FOLDS)
    told = [_told(sums, ridge) for ridge in RIDGES]
    losses = [float(np.square(one - sums.later).sum()) for one in told]
    best = int(np.argmin(losses))
    whole, shift = _solved(sums.gram.sum(axis=0), RIDGES[best])
    weights = np.zeros(len(rows.types))
    weights[often] = whole / spread
    r2, r2_error = _power(rows, told[best] - sums.later, sums.blank - sums.later)
    return Fitted(
        weights=weights,
        caps=np.maximum(rows.early.max(axis=0), 0.0),
        rare=tuple(name for name, is_often in zip(rows.types, often, strict=True) if not is_often),
        constant=level + shift - float(weights[often] @ middle),
        ridge=RIDGES[best],
        score=rows.early @ weights,
        expected=level + told[best],
        r2=r2,
        r2_error=r2_error,
    )


def _often(rows: Followed) -> NDArray[np.bool_]:
    """(p,) which types vary enough to be weighed: neither nearly always nor nearly never the same."""
    often = np.zeros(len(rows.types), dtype=np.bool_)
    for place in range(len(rows.types)):
        _, counts = np.unique(rows.early[:, place], return_counts=True)
        often[place] = len(rows) - int(counts.max()) >= LEAST_SEEN
    return often


@dataclass(frozen=True, eq=False)
class _Sums:
    """Rows, standardised, and by fold the sums that a fit needs.

    Attributes:
        early, later: (n, p), (n,).
        fold: (n,).
        gram: (folds, p + 2, p + 2) sums of products of (1, early, later).
        blank: (n,) the mean of the other folds.
    """

    early: Reals
    later: Reals
    fold: Integers
    gram: Reals
    blank: Reals


def _sums(early: Reals, later: Reals, fold: Integers) -> _Sums:
    columns = np.column_stack([np.ones(len(later)), early, later])
    gram = np.stack([columns[fold == one].T @ columns[fold == one] for one in range(FOLDS)])
    others = gram.sum(axis=0) - gram
    means = others[:, 0, -1] / others[:, 0, 0]
    return _Sums(early, later, fold, gram, means[fold])


def _solved(gram: Reals, ridge: float) -> tuple[Reals, float]:
    """Weights and level of the rows behind `gram`."""
    count = gram[0, 0]
    means = gram[0, 1:] / count
    within = gram[1:, 1:] / count - np.outer(means, means)
    square, along = within[:-1, :-1], within[:-1, -1]
    penalised = square + ridge * np.eye(len(along))
    weights: Reals = np.asarray(np.linalg.solve(penalised, along), dtype=np.float64)
    return weights, float(means[-1] - weights @ means[:-1])


def _told(sums: _Sums, ridge: float) -> Reals:
    """(n,) each row's later value by what the other folds say."""
    told = np.empty(len(sums.later))
    for one in range(FOLDS):
        mine = sums.fold == one
        weights, level = _solved(np.delete(sums.gram, one, axis=0).sum(axis=0), ridge)
        told[mine] = level + sums.early[mine] @ weights
    return told


def _power(rows: Followed, left: Reals, around: Reals) -> tuple[float, float]:
    """R² out of sample, and its standard error.

    With A and B the sums of squares of both and a_i, b_i a row's own: R² = 1 - A / B, to which row i
    brings (a_i - (A / B) b_i) / B.
    """
    mine, theirs = np.square(left), np.square(around)
    ratio = float(mine.sum() / theirs.sum())
    error = error_of_mean(rows.who, np.ones(len(rows)), mine - ratio * theirs)
    return 1.0 - ratio, error / float(theirs.mean())
