"""The generalised Gini index, and the mixture of arms that has the greatest one."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from tamesu.policy.objectives import best_mixtures, welfare

HALVES = 0.5 ** np.arange(16)


def best(scores, weights=None):
    """The mixture of one draw: `scores` (n, D)."""
    scores = np.array(scores, dtype=np.float64)
    weights = HALVES[: scores.shape[1]] if weights is None else np.array(weights)
    return best_mixtures(scores[None], weights)[0]


def greatest(scores, weights):
    """The index of the best mixture, by a general solver and another form of the programme.

    max t with t <= sum of p_a (v . x_a) for each of the D! orders v of the weights.
    """
    n, _ = scores.shape
    orders = np.array([*itertools.permutations(weights)])
    solved = linprog(
        np.r_[np.zeros(n), -1.0],
        A_ub=np.c_[-(orders @ scores.T), np.ones(len(orders))],
        b_ub=np.zeros(len(orders)),
        A_eq=np.r_[np.ones(n), 0.0][None],
        b_eq=[1.0],
        bounds=[(0.0, None)] * n + [(None, None)],
        method="highs",
    )
    assert solved.status == 0
    return -solved.fun


def test_the_index_of_costs_looks_after_the_largest():
    """Golden: costs .2 .6 .4 with weights 1 .5 .25 are .6 + .4 / 2 + .2 / 4 = .85, not .2 + .3 + .1 = .60."""
    assert -welfare(-np.array([0.2, 0.6, 0.4]), HALVES[:3]) == pytest.approx(0.85, abs=1e-15)


def test_of_two_arms_that_serve_an_objective_each_half():
    """Golden: arms (1, 0) and (0, 1), weights 1 and 1/2."""
    assert best([[1, 0], [0, 1]]).tolist() == [0.5, 0.5]


CASES = [
    "uniform",
    "normal",
    "thirds",  # many equal numbers
    "zeros and ones",  # arms that are equal, objectives that tie
    "corners",  # an arm for each objective
    "a line",  # all arms between two of them
    "apart",  # objectives of very different sizes
]


def scores_of(kind, rng, n, d):
    if kind == "normal":
        return rng.normal(size=(n, d)) * 10.0 ** rng.integers(-6, 7)
    if kind == "thirds":
        return rng.integers(0, 4, (n, d)) / 3
    if kind == "zeros and ones":
        return rng.integers(0, 2, (n, d)).astype(float)
    if kind == "corners":
        return np.eye(max(n, d))[:n, :d]
    if kind == "a line":
        return np.outer(rng.random(n), rng.random(d)) + rng.random(d)
    return rng.random((n, d)) * (10.0 ** -rng.integers(0, 6, d) if kind == "apart" else 1.0)


@pytest.mark.parametrize("kind", CASES)
@pytest.mark.parametrize("d", [1, 2, 3, 4, 5])
def test_no_general_solver_finds_a_better_mixture(kind, d):
    """12 cases each, 420 in all: one arm and many, weights by halves, at random, all alike."""
    rng = np.random.default_rng([d, CASES.index(kind)])
    for case in range(12):
        n = 1 if case == 0 else int(rng.integers(1, 13))
        scores = scores_of(kind, rng, n, d)
        weights = (HALVES[:d], np.sort(rng.random(d) + 1e-3)[::-1], np.ones(d))[case % 3]
        p = best(scores, weights)
        assert p.min() >= 0.0
        assert abs(p.sum() - 1.0) <= 1e-12
        wide = float(np.ptp(scores)) or 1.0
        assert abs(welfare(p @ scores, weights) - greatest(scores, weights)) <= 1e-8 * wide
        turned = rng.permutation(n)
        assert best(scores[turned], weights).tolist() == p[turned].tolist()
        assert len(np.unique(scores[p > 0.0], axis=0)) <= d


@pytest.mark.parametrize("d", [2, 3, 5, 8])
def test_of_scores_that_all_but_tie_nothing_is_better(d):
    """500 sets of few different numbers, each off by 10^-6 to 10^-16: where a solver may go in circles."""
    rng = np.random.default_rng(d)
    size = 10.0 ** -rng.integers(6, 17, (500, 1, 1))
    scores = rng.integers(0, 3, (500, 9, d)) + rng.normal(size=(500, 9, d)) * size
    for weights in (HALVES[:d], np.r_[1.0, np.full(d - 1, 1e-12)]):
        mixtures = best_mixtures(scores, weights)
        assert np.abs(mixtures.sum(axis=1) - 1.0).max() <= 1e-12
        found = welfare(np.einsum("mn,mnd->md", mixtures, scores), weights)
        assert (welfare(scores, weights).max(axis=1) <= found + 1e-8).all()
        for _ in range(10):
            other = rng.dirichlet(np.full(9, 0.3), 500)
            theirs = welfare(np.einsum("mn,mnd->md", other, scores), weights)
            assert (theirs <= found + 1e-8).all()
        few = [greatest(one, weights) for one in scores[:6]] if d <= 5 else []
        assert found[: len(few)] == pytest.approx(few, abs=1e-7)  # as near as the solver promises


@given(
    st.lists(
        st.lists(st.sampled_from([0.0, 0.25, 0.5, 1.0]), min_size=3, max_size=3),
        min_size=1,
        max_size=7,
    )
)
@settings(max_examples=150, deadline=None)
def test_equal_arms_share_and_a_second_of_an_arm_changes_nothing(arms):
    once = best(arms)
    twice = best([*arms, arms[0]])
    assert twice[0] == twice[-1]
    merged = twice[:-1].copy()
    merged[0] += twice[-1]
    whole = {}
    for arm, before, after in zip(map(tuple, arms), once, merged, strict=True):
        whole[arm] = np.add(whole.get(arm, (0.0, 0.0)), (before, after))
    for before, after in whole.values():
        assert before == pytest.approx(after, abs=1e-12)


@pytest.mark.parametrize("d", [1, 2, 3, 16])
def test_many_draws_at_once_are_as_one_by_one(d):
    scores = np.random.default_rng(d).normal(size=(40, 9, d))
    together = best_mixtures(scores, HALVES[:d])
    for draw, mixture in zip(scores, together, strict=True):
        assert best(draw).tolist() == mixture.tolist()


@pytest.mark.parametrize("by", [1e-150, 1e150, 1e300])
def test_the_size_of_scores_is_nothing(by):
    scores = np.random.default_rng(2).normal(size=(6, 3))
    assert best(scores * by) == pytest.approx(best(scores), abs=1e-12)
    assert best(scores + 1e3) == pytest.approx(best(scores), abs=1e-9)


@pytest.mark.parametrize("by", [1e-300, 1e300, 1.7e308])
def test_the_size_of_weights_is_nothing(by):
    scores = np.random.default_rng(3).random((6, 3))
    weights = np.array([1.0, 0.9, 0.8])
    assert best(scores, weights * by) == pytest.approx(best(scores, weights), abs=1e-9)


@pytest.mark.parametrize("extreme", [np.inf, -np.inf, 1.7e308, -1.7e308, 5e-324])
def test_scores_without_end_give_a_distribution(extreme):
    for place in itertools.product(range(3), range(2)):
        scores = np.array([[0.0, 1.0], [1.0, 0.0], [0.5, 0.5]])
        scores[place] = extreme
        p = best(scores)
        assert np.isfinite(p).all()
        assert abs(p.sum() - 1.0) <= 1e-12
    assert best(np.full((4, 2), extreme)).tolist() == [0.25] * 4


def test_of_one_objective_it_is_the_best_arm():
    assert best([[0.1], [0.7], [0.3], [0.7]]).tolist() == [0.0, 0.5, 0.0, 0.5]


def test_with_equal_weights_it_is_the_best_sum():
    assert best([[1.0, 0.0], [0.0, 0.9], [0.6, 0.6]], [1.0, 1.0]).tolist() == [0.0, 0.0, 1.0]


def test_with_hardly_any_weight_but_on_the_worst_the_worst_is_lifted_most():
    """Three arms with one objective each: a mixture by their inverse heights evens them out."""
    p = best(np.diag([1.0, 0.5, 0.25]), [1.0, 1e-9, 1e-9])
    assert p == pytest.approx(np.array([1, 2, 4]) / 7, abs=1e-12)
