"""Roots of inverses, and the squares they give: large or small, sound or on the edge of it."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest

from tamesu.policy.gram import BLOCK, gram, sums_of, these
from tamesu.policy.ridge import roots
from tamesu.policy.triangles import Triangles


def precisions(n, p, seed=0, rows=None):
    """(n, p, p) of a ridge of 1 and of random rows."""
    z = np.random.default_rng(seed).standard_normal((n, 2 * p if rows is None else rows, p))
    return z.transpose(0, 2, 1) @ z + np.eye(p)


@pytest.mark.parametrize(("n", "p"), [(1, 1), (3, 2), (20, 21), (40, 64), (8, 150)])
def test_squares_are_those_of_the_inverse_also_where_empty_halves_are_left_out(n, p):
    a = precisions(n, p)
    triangles = Triangles.of(roots(a))
    z = np.random.default_rng(1).standard_normal((7, p))
    expected = np.einsum("mp,npm->mn", z, np.linalg.solve(a, np.broadcast_to(z.T, (n, p, 7))))
    assert triangles.squares(z) == pytest.approx(expected, rel=1e-9)
    for row, one in zip(z, triangles.squares(z), strict=True):
        assert triangles.squares(row) == pytest.approx(one, rel=1e-12)


@pytest.mark.parametrize("p", [2, 21, 150])
def test_roots_are_lower_triangles_whether_or_not_there_is_a_cholesky_factor(p):
    sound = precisions(2, p)
    # Of rank 1 as far as floats reach: the ridge of 1 is below what 1e20 can tell.
    row = np.random.default_rng(2).standard_normal(p) * 1e10
    edge = np.stack([sound[0], np.outer(row, row) + np.eye(p), -np.eye(p)])
    found = roots(edge)
    assert np.isfinite(found).all()
    assert (np.triu(found, 1) == 0.0).all()
    assert found[0].T @ found[0] @ sound[0] == pytest.approx(np.eye(p), abs=1e-9)
    # Along the row all is known: |row|^2 / (1 + |row|^2).
    assert np.sum((found[1] @ row) ** 2) == pytest.approx(1.0, rel=1e-6)


def test_a_difference_is_known_as_far_as_what_it_is_a_difference_of():
    whole = np.array([[[1e18, 0.0], [0.0, 4.0]]])
    left = np.array([[[-100.0, 0.0], [0.0, 2.0]]])
    root = roots(left, whole)[0]
    # Of the first nothing can be told below 1e18 times 2 eps; the second is 2.
    assert (root[0, 0] ** -2, root[1, 1] ** -2) == pytest.approx((1e18 * 2 * 2.0**-52, 2.0))


@pytest.mark.parametrize(
    ("n", "groups"), [(0, 1), (0, 3), (1, 1), (50, 50), (300, 40), (300, 5), (300, 301)]
)
@pytest.mark.parametrize("weighed", [False, True])
def test_products_by_group_are_those_of_each_group_alone(n, groups, weighed):
    rng = np.random.default_rng(n + groups)
    rows, codes = rng.standard_normal((n, 6)), rng.integers(0, groups, n)
    weights = rng.standard_normal(n) if weighed else None
    found = gram(rows, 4, codes, groups, weights)
    assert found.shape == (groups, 4, 6)
    each = np.ones(n) if weights is None else weights
    for group in range(groups):
        mine = codes == group
        expected = (rows[mine, :4] * each[mine, None]).T @ rows[mine]
        assert found[group] == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("n", [0, 1, BLOCK // 6, BLOCK // 6 + 1, BLOCK])
@pytest.mark.parametrize(
    ("groups", "shape"), [(1, (5, 0)), (3, (2, 3)), (2_000, (3, 2)), (7, (0, 5))]
)
@pytest.mark.parametrize("weighed", [False, True])
def test_sums_of_many_blocks_are_those_of_all_rows_at_once(n, groups, shape, weighed):
    rng = np.random.default_rng(n + groups)
    rows, codes = rng.standard_normal((n, 6)), rng.integers(0, groups, n)
    weights = rng.standard_normal(n) if weighed else None
    own, joint = sums_of(partial(these, rows), shape, codes, groups, weights)
    p, q = shape
    each = np.ones(n) if weights is None else weights
    products = rows[:, :p, None] * (rows * each[:, None])[:, None, :]
    expected = np.zeros((groups, p, 6))
    np.add.at(expected, codes, products)
    assert own == pytest.approx(expected, abs=1e-9)
    assert joint == pytest.approx((rows[:, p:-1] * each[:, None]).T @ rows[:, p:], abs=1e-9)
    assert joint.shape == (q, q + 1)
