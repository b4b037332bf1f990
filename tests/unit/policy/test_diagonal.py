"""The diagonal form: each coefficient by itself, and batches at their mode."""

from __future__ import annotations

import numpy as np
import pytest
from chances import (
    ARMS,
    FEATURES,
    batch,
    batch_of,
    belief_of,
    columns,
    learnt,
    rows_of,
    scores,
)
from scipy import optimize, special

from tamesu.base import GRID

SHARINGS = pytest.mark.parametrize("sharing", ["per_arm", "shared", "hybrid"])


def chapelle(parts, sharing, ridge=1.0):
    """Chapelle & Li 2011, algorithm 3, as it is printed: a mean and a precision of each coefficient."""
    size = len(columns(sharing, "a", np.zeros(3)))
    mean, precision = np.zeros(size), np.full(size, ridge)
    for rows in parts:
        x = np.array([columns(sharing, a, c) for a, c in zip(rows.arm, rows.context, strict=True)])
        y = rows.reward / GRID

        def loss(theta, x=x, y=y, mean=mean, precision=precision):
            t = x @ theta
            return 0.5 * precision @ (theta - mean) ** 2 + (np.logaddexp(0, t) - y * t).sum()

        def slope(theta, x=x, y=y, mean=mean, precision=precision):
            return precision * (theta - mean) + x.T @ (special.expit(x @ theta) - y)

        mean = optimize.minimize(loss, mean, jac=slope, method="BFGS", tol=1e-10).x
        chance = special.expit(x @ mean)
        precision = precision + (chance * (1 - chance)) @ (x * x)
    return mean, precision


@SHARINGS
@pytest.mark.parametrize("size", [1, 40])
def test_it_is_the_published_algorithm_in_any_batches(sharing, size):
    belief = belief_of(sharing=sharing, covariance="diagonal", repeat=60)
    rows = batch_of(np.random.default_rng(3), 120)
    parts = [rows_of(rows, slice(first, first + size)) for first in range(0, 120, size)]
    mean, precision = chapelle(parts, sharing)
    state = learnt(belief, *parts)
    for context in np.random.default_rng(4).normal(size=(3, 3)):
        location, scale = scores(belief, state, context)
        design = np.array([columns(sharing, arm, context) for arm in ARMS])
        assert location == pytest.approx(design @ mean, abs=3e-4)
        assert scale == pytest.approx(np.sqrt(design**2 @ (1 / precision)), rel=1e-4)


@SHARINGS
def test_a_correction_moves_the_moments_by_the_columns(sharing):
    belief, rng = belief_of(sharing=sharing, covariance="diagonal"), np.random.default_rng(5)
    state = learnt(belief, batch_of(rng, 200))
    x, both = rng.normal(size=3), np.array([-1, 1])
    change = batch("bb", np.stack([x, x]), [0, 1], sign=both)
    moved = belief.absorb(state, belief.evidence(state, change)) - state
    row = {"moment": np.array([[1.0, *x]]), "joint_moment": np.array([1.0, *x, *FEATURES["b"]])}
    for name, column in {**moved.per_arm, **moved.shared}.items():
        due = row.get(name, np.zeros(1))
        assert np.asarray(column) == pytest.approx(np.broadcast_to(due, column.shape), abs=1e-9)


def test_many_columns_of_which_some_are_copies_of_each_other():
    """A step in each coefficient by itself would overshoot as many times as there are copies."""
    belief, rng = belief_of(context=60, covariance="diagonal"), np.random.default_rng(7)
    x = np.repeat(rng.normal(size=(600, 1)), 60, axis=1)
    reward = rng.random(600) < special.expit(2.0 * x[:, 0])
    state = learnt(belief, batch(["a"] * 600, x, reward))
    location, _ = scores(belief, state, np.full(60, 1.0))
    assert location[0] == pytest.approx(2.0, abs=0.6)


def test_what_was_taken_back_leaves_no_precision_below_the_prior():
    belief, rng = belief_of(covariance="diagonal"), np.random.default_rng(9)
    rows, others = batch_of(rng, 50), batch_of(rng, 5)
    state = learnt(belief, others, rows)
    back = batch(rows.arm, rows.context, rows.reward / GRID, np.full(50, -1))
    _, scale = scores(belief, learnt(belief, back, state=state), np.ones(3))
    assert (scale <= 2.0 + 1e-9).all()
    assert (scale > 0.5).all()


def test_a_debt_is_forgiven_at_once_and_hides_nothing_that_is_learnt_later():
    """300 failures are taught at 2 %, and taken back at 25 %, where each weighs twelve times as much.

    That left a precision of -27, and the next fifty failures were learnt into it without a trace.
    """
    belief = belief_of(covariance="diagonal", rate=0.02, context=None)

    def of(n, reward, sign=1):
        return batch("a" * n, np.zeros((n, 0)), np.full(n, reward), np.full(n, sign))

    state = learnt(belief, of(300, 0), of(100, 1), of(300, 0, -1))
    assert state.column("precision", ["a"]).item() == pytest.approx(0.0, abs=1e-9)
    fresh, sure = scores(belief, learnt(belief, of(50, 0), state=state), np.zeros(0))
    due, deviation = scores(belief, learnt(belief, of(50, 0)), np.zeros(0))
    assert (fresh[0], sure[0]) == pytest.approx((due[0], deviation[0]), abs=1e-6)
