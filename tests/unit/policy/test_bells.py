"""Probabilities of being the best for one decision: near those of panels, or none at all."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tamesu.policy import bells
from tamesu.policy.bells import best_of_bells
from tamesu.policy.contract import Marginals
from tamesu.policy.explorers.thompson import ThompsonExplorer
from tamesu.policy.families.beta import BetaFamily
from tamesu.policy.families.logit_normal import LogitNormalFamily
from tamesu.policy.families.normal import NormalFamily
from tamesu.policy.families.student_t import StudentTFamily
from tamesu.policy.quadrature import Quadrature

NEAR = 2e-5
"""A fifth of what a propensity of one decision may be off."""


def exactly(family):
    return Quadrature(family).best_of(np.arange(len(family.location)))


@pytest.mark.parametrize("dof", [None, 5000.0, 30.0, 10.0, 4.0, "mixed", "cold"], ids=str)
@pytest.mark.parametrize("spread", [1.0, 3.0, 30.0, 300.0])
def test_it_is_near_what_panels_say(dof, spread):
    rng = np.random.default_rng(7)
    told = 0
    for apart in (0.0, 0.1, 1.0, 3.0, 20.0):
        for n in (2, 3, 11, 40):
            location = apart * rng.normal(size=n)
            scale = np.exp(rng.uniform(0, math.log(spread), n))
            family = NormalFamily(location, scale)
            if dof is not None:
                several = {"mixed": [9.0, 40.0, 1e4, 1e9], "cold": [4.0, 5.0, 6.0, 50.0]}
                many = rng.choice(several.get(dof, [dof]), n)
                family = StudentTFamily(many, location, scale)
            found = best_of_bells(family)
            if found is not None:
                told += 1
                assert found == pytest.approx(exactly(family), abs=NEAR)
                assert abs(math.fsum(found) - 1.0) <= 1e-12
    assert told >= (5 if dof == 4.0 else 15), (
        "nearly always; of the heaviest tails, where scales are alike"
    )


def test_golden_values():
    normal = NormalFamily(np.array([0.1, 0.0, 0.05]), np.array([0.1, 0.2, 0.05]))
    assert best_of_bells(normal) == pytest.approx([0.507827, 0.282026, 0.210147], abs=NEAR)
    odds = LogitNormalFamily(normal.location, normal.scale)
    assert best_of_bells(odds).tolist() == best_of_bells(normal).tolist()


ARMS = st.lists(
    st.tuples(st.sampled_from([-1.0, 0.0, 0.1, 0.1, 5.0]), st.sampled_from([0.1, 0.5, 0.5, 3.0])),
    min_size=1,
    max_size=12,
)


@given(ARMS, st.randoms(use_true_random=False), st.booleans())
def test_the_order_is_nothing_and_equal_arms_share_to_the_bit(arms, luck, learnt_noise):
    order = list(range(len(arms)))
    luck.shuffle(order)

    def shares(some):
        location, scale = np.array(some).T
        if learnt_noise:
            return best_of_bells(StudentTFamily(10.0 + 90.0 * scale, location, scale))
        return best_of_bells(NormalFamily(location, scale))

    found = shares(arms)
    assert found is not None
    assert shares([arms[i] for i in order]).tolist() == found[order].tolist()
    pairs = set(zip(arms, found.tolist(), strict=True))
    assert len(pairs) == len(set(arms))


@pytest.mark.parametrize("learnt_noise", [False, True])
def test_of_a_hundred_arms_equal_ones_share_to_the_bit(learnt_noise):
    rng = np.random.default_rng(7)
    kinds = rng.integers(10, size=100)
    location, scale = rng.normal(size=10)[kinds], rng.uniform(1.0, 2.0, 10)[kinds]
    family = NormalFamily(location, scale)
    if learnt_noise:
        family = StudentTFamily(rng.uniform(9.0, 90.0, 10)[kinds], location, scale)
    found = best_of_bells(family)
    assert found is not None
    assert all(len(set(found[kinds == kind].tolist())) == 1 for kind in range(10))


@pytest.mark.parametrize("spread", [1.0, 1.5])
def test_adding_up_at_once_is_adding_up_step_by_step(spread, monkeypatch):
    rng = np.random.default_rng(7)
    family = NormalFamily(rng.normal(size=40), rng.uniform(1.0, spread, 40))
    at_once = best_of_bells(family)
    monkeypatch.setattr(bells, "FEW_POINTS", 0)
    assert at_once == pytest.approx(best_of_bells(family), rel=1e-12)


def test_one_arm_has_all_and_an_arm_out_of_reach_nothing():
    assert best_of_bells(NormalFamily(np.array([3.0]), np.array([2.0]))).tolist() == [1.0]
    far = NormalFamily(np.array([0.0, 50.0, 51.0]), np.ones(3))
    p = best_of_bells(far)
    assert p[0] == 0.0
    assert p[1:] == pytest.approx(exactly(far)[1:], abs=NEAR)


@pytest.mark.parametrize(
    "family",
    [
        StudentTFamily(np.array([3.0, 90.0]), np.zeros(2), np.ones(2)),
        StudentTFamily(np.array([1.0, 90.0]), np.zeros(2), np.ones(2)),
        NormalFamily(np.array([0.0, 0.1]), np.array([1e-290, 1.0])),
        NormalFamily(np.array([0.0, 1.0]), np.array([1e-12, 1e12])),
        BetaFamily(np.ones(2), np.ones(2)),
    ],
    ids=["heavy tails", "heavier", "sharp", "scales apart", "no bell"],
)
def test_what_the_grid_does_not_resolve_it_leaves_to_panels(family):
    assert best_of_bells(family) is None
    marginals = Marginals("x", family, np.zeros(2, np.int64), 0, passing=True)
    p = ThompsonExplorer(64, 0.0).over(marginals)(np.arange(2), None)
    assert p.tolist() == Quadrature(family).best_of(np.arange(2)).tolist()


@given(
    st.lists(
        st.tuples(st.floats(-1e150, 1e150), st.floats(1e-150, 1e150), st.floats(0.5, 1e12)),
        min_size=1,
        max_size=8,
    ),
    st.booleans(),
)
def test_whatever_it_is_asked_it_gives_a_distribution_or_nothing(arms, normal):
    location, scale, dof = np.array(arms).T
    family = NormalFamily(location, scale) if normal else StudentTFamily(dof, location, scale)
    found = best_of_bells(family)
    if found is not None:
        assert np.isfinite(found).all()
        assert (found >= 0.0).all()
        assert abs(math.fsum(found) - 1.0) <= 1e-12
