"""Randomized UCB: propensities by hand, weights of heights, and what it refuses."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tamesu.base import Declaration, InvalidDeclaration
from tamesu.policy import compose
from tamesu.policy.contract import Marginals
from tamesu.policy.explorers.randomized_ucb import weights_of
from tamesu.policy.families.beta import BetaFamily
from tamesu.policy.families.normal import NormalFamily
from tamesu.policy.families.student_t import StudentTFamily


def explorer_of(explorer):
    declared = {"name": "one", "arms": ["a", "b"], "policy": {"explorer": explorer}}
    return compose(Declaration.parse(declared))._explorer


def propensities(explorer, marginals):
    return explorer.over(marginals)(np.arange(len(marginals)), None).tolist()


def test_randomized_ucb_by_hand():
    """Heights 0, 1, 2, 3 weigh 1, exp(-1/2), exp(-2), exp(-9/2).

    Means .5 and .375 with deviations .125 and .25: the first wins at 0, they tie at 1.
    """
    family = NormalFamily(np.array([0.5, 0.375]), np.array([0.125, 0.25]))
    marginals = Marginals("normal", family, np.zeros(2, np.int64), 0)
    explorer = explorer_of({"kind": "randomized_ucb", "points": 4, "width": 3})
    weights = [1, math.exp(-0.5), math.exp(-2), math.exp(-4.5)]
    first = (weights[0] + weights[1] / 2) / sum(weights)
    assert propensities(explorer, marginals) == pytest.approx([first, 1 - first], abs=1e-15)
    assert first == pytest.approx(0.743459, abs=1e-6)


@pytest.mark.parametrize("width", [0.1, 2.0, 30.0])
@pytest.mark.parametrize("points", [2, 32, 1000])
def test_weights_of_heights_add_up_to_1_in_any_order(points, width):
    heights = np.linspace(0, width, points)
    weights = weights_of(heights)
    assert weights / weights[0] == pytest.approx(np.exp(-0.5 * heights**2), abs=1e-9)
    rng = np.random.default_rng(3)
    assert {float(np.cumsum(weights[rng.permutation(points)])[-1]) for _ in range(20)} == {1.0}


def test_a_deviation_without_end_wins_at_every_height_but_zero():
    family = StudentTFamily(np.array([2.0, 2.0, 9.0]), np.array([0.1, 0.2, 0.9]), np.full(3, 0.1))
    marginals = Marginals("student_t", family, np.zeros(3, np.int64), 0)
    explorer = explorer_of({"kind": "randomized_ucb", "points": 2, "width": 1})
    above = math.exp(-0.5) / (1 + math.exp(-0.5))
    assert propensities(explorer, marginals) == pytest.approx([above / 2, above / 2, 1 - above])


def test_an_arm_worse_and_better_known_has_no_chance():
    """Rates after 5 of 10, and after 400 of 1,000."""
    family = BetaFamily(np.array([6.0, 401.0]), np.array([6.0, 601.0]))
    known = Marginals("beta", family, np.array([10, 1_000]), 1_010)
    assert propensities(explorer_of("randomized_ucb"), known)[1] == 0.0


@pytest.mark.parametrize("points", [-1, 0, 1, 1001])
def test_points_that_cannot_be_are_refused(points):
    with pytest.raises(InvalidDeclaration, match=rf"points must lie in 2\.\.1000, got {points}"):
        explorer_of({"kind": "randomized_ucb", "points": points})


@pytest.mark.parametrize("width", [-1, 0, 31, math.inf, math.nan])
def test_a_width_that_cannot_be_is_refused(width):
    with pytest.raises(InvalidDeclaration, match="width must lie above 0 and be at most 30"):
        explorer_of({"kind": "randomized_ucb", "width": width})
