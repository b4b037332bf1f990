"""Worlds of several objectives, and what policies lose there."""

import numpy as np
import pytest
from scipy.optimize import linprog

from tamesu.base import Bug, Declaration, InvalidInput, ShapeMismatch
from tamesu.sim import SeveralWorld, play_several

KINDS = ("gini", "weighted")


def declared(scalarise, explorer="thompson", arms=3, belief="gaussian", **policy):
    return Declaration.parse(
        {
            "name": "shop",
            "arms": arms if isinstance(arms, list) else [f"arm-{row}" for row in range(arms)],
            "policy": {"belief": belief, "explorer": explorer, **policy},
            "reward": {
                "objectives": {"clicks": {"click": 1}, "sales": {"buy": 1}},
                "scalarise": scalarise,
            },
            "seed": 3,
        }
    )


def world(rates, kind="gini"):
    return SeveralWorld(np.array(rates, dtype=float), declared(kind, arms=len(rates)).aims)


def played(declaration, there, rounds=2000, every=20):
    luck = np.random.default_rng(5)
    steps = play_several(
        declaration,
        there,
        rounds=rounds,
        every=every,
        uniforms=lambda m, k: luck.random((m, k)),
        pace_us=1,
    )
    return list(steps)


def test_half_of_each_is_best_where_each_has_one_thing():
    apart = world([[1, 0], [0, 1], [0.1, 0.1]])
    assert apart.best.tolist() == pytest.approx([0.5, 0.5, 0])
    assert apart.most == pytest.approx(0.5)
    assert world([[1, 0], [0, 0.9], [0.1, 0.1]], "weighted").best.tolist() == [1, 0, 0]


def test_no_mixture_is_better_than_the_best():
    """By a linear programme over the orders of two objectives, and by chance."""
    rng = np.random.default_rng(1)
    for _ in range(50):
        rates = rng.random((5, 2))
        there = world(rates)
        # maximise t with t <= v . (p @ rates) for both orders v of (1, 1/2) / 1.5
        orders = np.array([[1, 0.5], [0.5, 1]]) / 1.5
        rows = np.hstack([np.ones((2, 1)), -(rates @ orders.T).T])
        found = linprog(
            [-1, *[0] * 5],
            A_ub=rows,
            b_ub=[0, 0],
            A_eq=[[0, *[1] * 5]],
            b_eq=[1],
            bounds=[(None, None), *[(0, None)] * 5],
        )
        assert there.most == pytest.approx(-found.fun, abs=1e-9)
        assert there.worth(rng.dirichlet(np.ones(5))) <= there.most + 1e-12


def test_rewards_are_drawn_at_their_rates():
    """Objective by objective; off by more than 6 standard errors once in 5e8."""
    there = world([[0.2, 0.7], [0.5, 0.1]])
    uniforms = np.random.default_rng(2).random((20_000, 2))
    for arm in (0, 1):
        found = there.rewards(np.full(20_000, arm), uniforms)
        error = np.sqrt(there.rates[arm] * (1 - there.rates[arm]) / 20_000)
        assert (np.abs(found.mean(axis=0) - there.rates[arm]) <= 6 * error).all()


def test_what_is_lost_falls_and_uniform_loses_evenly():
    there = world([[0.6, 0.1], [0.1, 0.6], [0.3, 0.3]])
    steps = played(declared("gini"), there)
    first, last = (
        np.mean([step.lost.mean() for step in some]) for some in (steps[:5], steps[-20:])
    )
    assert last < first / 3
    assert all(step.lost.min() >= -1e-12 for step in steps)
    even = played(declared("gini", "uniform"), there, 100)
    assert {round(float(step.lost[0]), 9) for step in even} == {round(there.most - there.even, 9)}


def test_who_weighs_them_is_judged_by_the_same_index():
    """One arm alone has the largest sum, and little of the index by rank."""
    there = world([[1, 0], [0, 0.9], [0.3, 0.3]])
    weighed = played(declared("weighted"), there)
    apart = played(declared("gini"), there)
    assert np.mean([step.lost.mean() for step in weighed[-20:]]) > 0.1
    assert np.mean([step.lost.mean() for step in apart[-20:]]) < 0.05


def test_the_same_run_is_the_same():
    there = world([[0.6, 0.1], [0.1, 0.6], [0.3, 0.3]])
    one, other = (played(declared("gini"), there, 200) for _ in range(2))
    assert [step.earned.tolist() for step in one] == [step.earned.tolist() for step in other]
    assert {reward for step in one for reward in step.earned.tolist()} <= {0.0, 0.5, 1.0}


def test_what_cannot_be_is_refused():
    with pytest.raises(ShapeMismatch):
        world([[0.1, 0.2, 0.3]])
    with pytest.raises(InvalidInput):
        world([[0.1, 1.2]])
    alone = Declaration.parse({"name": "home", "arms": ["a"], "seed": 1})
    with pytest.raises(Bug):
        played(alone, world([[0.1, 0.2]]))
