"""Thompson on Student-t posteriors is within 1e-6 of an oracle, whatever their scales.

The oracle shares nothing with the quadrature: adaptive Simpson between quantiles of every arm, from
1e-11 on, the density and the distribution function straight from the textbook and SciPy.
"""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy import integrate, special

from tamesu.policy.families.student_t import StudentTFamily
from tamesu.policy.quadrature import Quadrature

ERROR = 1e-6
TAILS = np.array([1e-11, 1e-10, 1e-9, 1e-8, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 0.01, 0.05, 0.2, 0.5])


def integrand(dof, location, scale, z):
    """(n, m) f_a * product of F_j over j != a."""
    t, dof = (z - location[:, None]) / scale[:, None], dof[:, None]
    norm = np.log(scale)[:, None] + 0.5 * np.log(dof) + special.betaln(0.5 * dof, 0.5)
    log_f = -0.5 * (dof + 1) * np.log1p(t * t / dof) - norm
    log = np.log(np.maximum(special.stdtr(dof, t), 1e-300))
    return np.exp(log_f + log.sum(axis=0) - log)


def oracle(dof, location, scale, tolerance=1e-9):
    """(n,) P(arm is the largest)."""
    reach = scale * special.stdtrit(dof, TAILS[:, None])
    cuts = np.unique(np.concatenate([location + reach, location - reach]))
    left, right, total = cuts[:-1], cuts[1:], np.zeros(len(dof))
    for _ in range(70):
        h = right - left
        z = left[:, None] + h[:, None] * np.linspace(0, 1, 5)
        y = integrand(dof, location, scale, z.ravel()).reshape(len(dof), -1, 5)
        once = h / 6 * (y[..., 0] + 4 * y[..., 2] + y[..., 4])
        twice = h / 12 * (y[..., 0] + 4 * y[..., 1] + 2 * y[..., 2] + 4 * y[..., 3] + y[..., 4])
        good = np.abs(twice - once).max(axis=0) < tolerance
        total += (twice + (twice - once) / 15)[:, good].sum(axis=1)
        if good.all():
            return total
        middle = 0.5 * (left + right)[~good]
        left, right = (
            np.concatenate([left[~good], middle]),
            np.concatenate([middle, right[~good]]),
        )
    raise AssertionError("the oracle did not converge")


def best_of(dof, location, scale):
    parts = (np.array(part, dtype=float) for part in (dof, location, scale))
    return Quadrature(StudentTFamily(*parts)).best_of(np.arange(len(dof)))


def any_scale(rng, n):
    """Degrees of freedom 1 to 1e6, scales 1e-6 to 1e6, apart by as much."""
    location = rng.normal(0, 1, n) * 10 ** rng.uniform(-6, 6, n)
    return 10 ** rng.uniform(0, 6, n), location, 10 ** rng.uniform(-6, 6, n)


def cauchy(rng, n):
    return np.ones(n), rng.normal(0, 1, n), 10 ** rng.uniform(-1, 1, n)


def nearly_normal(rng, n):
    dof = 10 ** rng.uniform(3, 6, n)
    return dof, rng.normal(0, 2, n) / np.sqrt(dof.min()), 1 / np.sqrt(dof)


def tied_and_not(rng, n):
    return rng.choice([1.0, 2.0, 4.0, 1e6], n), np.zeros(n), rng.choice([1.0, 1e-3], n)


def unlearnt_beside_learnt(rng, n):
    """As a gaussian belief gives them: 4 degrees of freedom, or many and a small scale."""
    dof = rng.choice([4.0, 5.0, 100.0, 1e5], n)
    return dof, rng.normal(0, 3, n), 20 / np.sqrt(dof)


REGIMES = [any_scale, cauchy, nearly_normal, tied_and_not, unlearnt_beside_learnt]


@pytest.mark.parametrize("regime", REGIMES)
def test_random_posteriors(regime):
    """60 vectors of 2 to 20 arms in each regime."""
    rng = np.random.default_rng(REGIMES.index(regime))
    worst = 0.0
    for _ in range(60):
        posteriors = regime(rng, int(rng.choice([2, 3, 5, 20])))
        got, true = best_of(*posteriors), oracle(*posteriors)
        assert abs(true.sum() - 1) < ERROR / 2, "the oracle itself is off"
        assert abs(got.sum() - 1) <= 1e-12
        worst = max(worst, np.abs(got - true).max())
    assert worst <= ERROR


def test_a_thousand_arms():
    """Simpson on a fixed grid, in a coordinate that reaches into the tails."""
    rng = np.random.default_rng(11)
    learnt = rng.integers(0, 3000, 1000).astype(float)
    location, scale = rng.normal(0, 0.05, 1000), 1 / np.sqrt(1 + learnt)
    w = np.linspace(-14, 14, 6001)
    z = 0.02 * np.sinh(w)
    y = integrand(4 + learnt, location, scale, z) * (0.02 * np.cosh(w))
    true = integrate.simpson(y, x=w)
    assert true.sum() == pytest.approx(1, abs=1e-7)
    assert np.abs(best_of(4 + learnt, location, scale) - true).max() <= ERROR


@pytest.mark.parametrize(
    ("dof", "location", "scale", "golden"),
    [
        ([1, 1], [0, 1], [1, 1], [0.5 - np.arctan(0.5) / np.pi, 0.5 + np.arctan(0.5) / np.pi]),
        ([1, 1], [0, 0], [1e-6, 1e6], [0.5, 0.5]),
        ([1] * 5, [7] * 5, [3] * 5, [0.2] * 5),
        # Three around one point, of which one is as sharp as a step: it wins where both are below.
        ([4] * 3, [0] * 3, [1e-150, 1e150, 1], [0.25, 0.5, 0.25]),
        ([4, 4], [1e150, -1e150], [1, 1], [1, 0]),
        # Sharper than floats are dense there.
        ([2, 4], [1e9, 1e9], [1e-9, 1], [0.5, 0.5]),
        ([4, 4], [1e150, 1e150], [1e150, 1e-150], [0.5, 0.5]),
        ([1, 4], [0, 1e-9], [1e-300, 1e-300], [0, 1]),
    ],
)
def test_closed_forms_and_extremes(dof, location, scale, golden):
    """Two Cauchy: the difference is Cauchy of the summed scales."""
    assert best_of(dof, location, scale) == pytest.approx(golden, abs=ERROR)


@pytest.mark.parametrize("regime", REGIMES)
def test_permuted_to_the_bit_and_ties_share(regime):
    rng = np.random.default_rng(9)
    dof, location, scale = (np.repeat(part, 2) for part in regime(rng, 5))
    turned = rng.permutation(10)
    straight = best_of(dof, location, scale)
    assert np.array_equal(best_of(dof[turned], location[turned], scale[turned]), straight[turned])
    assert np.array_equal(straight[::2], straight[1::2])


def test_subsets_are_what_they_are_alone():
    rng = np.random.default_rng(4)
    dof, location, scale = unlearnt_beside_learnt(rng, 9)
    shared = Quadrature(StudentTFamily(dof, location, scale))
    for rows in map(np.array, itertools.combinations(range(9), 4)):
        alone = best_of(dof[rows], location[rows], scale[rows])
        assert np.abs(shared.best_of(rows) - alone).max() <= 1e-8
