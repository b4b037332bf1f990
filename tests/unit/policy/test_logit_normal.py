"""Chances whose log-odds are normal, against integrals by the plainest rule there is."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import special

from tamesu.policy.families.logit_normal import LogitNormalFamily
from tamesu.policy.families.normal import NormalFamily
from tamesu.policy.quadrature import Quadrature


def moments(location, scale):
    """Mean and deviation of sigma(z), z normal: 400,001 points, 12 deviations to each side."""
    t = np.linspace(-12.0, 12.0, 400_001)
    weight = np.exp(-0.5 * t * t)
    weight /= weight.sum()
    chance = special.expit(location + scale * t)
    mean = weight @ chance
    return mean, np.sqrt(weight @ (chance - mean) ** 2)


@pytest.mark.parametrize("location", [-7.0, -5.0, -2.0, 0.0, 3.0])
@pytest.mark.parametrize(
    ("scale", "most"),
    [(0.01, 1e-4), (0.5, 1e-4), (1.0, 0.005), (2.0, 0.03), (5.0, 0.1), (50.0, 0.01)],
)
def test_means_are_right_to_a_share_of_themselves(location, scale, most):
    """Of the chance, or of what it lacks to 1."""
    mean, _ = moments(location, scale)
    found = LogitNormalFamily(np.array([location]), np.array([scale])).mean()[0]
    assert abs(found - mean) <= most * min(mean, 1.0 - mean)


@pytest.mark.parametrize("location", [-5.0, -2.0, 0.0, 3.0])
@pytest.mark.parametrize("scale", [0.01, 0.5, 1.0, 2.0, 5.0, 50.0])
def test_deviations_are_right_to_a_twentieth(location, scale):
    _, deviation = moments(location, scale)
    found = LogitNormalFamily(np.array([location]), np.array([scale])).deviation()[0]
    assert found == pytest.approx(deviation, rel=0.05)


def test_the_mean_rises_with_the_location():
    location = np.linspace(-40.0, 40.0, 4_001)
    for scale in (1e-9, 0.1, 1.0, 3.0, 4.0, 6.0, 1e3, 1e150):
        mean = LogitNormalFamily(location, np.full(4_001, scale)).mean()
        assert (np.diff(mean) >= 0.0).all()
        assert (mean >= 0.0).all()
        assert (mean <= 1.0).all()


def test_it_is_the_best_as_often_as_its_log_odds_are():
    """A rising function of the scores changes no order: the golden vector of normal arms."""
    location, scale = np.array([0.1, 0.0, 0.05]), np.array([0.1, 0.2, 0.05])
    chances = Quadrature(LogitNormalFamily(location, scale)).best_of(np.arange(3))
    assert chances == pytest.approx([0.507827, 0.282026, 0.210147], abs=1e-6)
    normal = Quadrature(NormalFamily(location, scale)).best_of(np.arange(3))
    assert chances.tolist() == normal.tolist()


def test_quantiles_are_where_the_distribution_function_says():
    family = LogitNormalFamily(np.array([-2.0, 0.5]), np.array([0.3, 2.0]))
    for share in (0.025, 0.5, 0.975):
        at = special.logit(family.quantile(share))
        assert family.below(at[:, None])[:, 0] == pytest.approx([share, share], abs=1e-9)
        assert family.above(at[:, None])[:, 0] == pytest.approx([1 - share] * 2, abs=1e-9)
    assert family.take(np.array([1])).ladder()[0].tolist() == [0.5]
