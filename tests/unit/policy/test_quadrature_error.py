"""The quadrature is within 1e-6 of an oracle, for any posteriors.

The oracle shares nothing with it: adaptive Simpson on intervals cut at many quantiles of every arm,
densities and distribution functions straight from SciPy, no panels kept, nothing dropped.
"""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy import integrate, special

from tamesu.policy.beliefs.beta import LEAST_PRIOR, MOST_PRIOR
from tamesu.policy.families.beta import BetaFamily
from tamesu.policy.quadrature import Quadrature

ERROR = 1e-6
LEVELS = special.ndtr(
    np.array([-6.2, -5, -4, -3, -2.2, -1.5, -0.8, 0, 0.8, 1.5, 2.2, 3, 4, 5, 6.2])
)


def quantiles(a, b):
    """Log-odds of LEVELS; far out, where the rate is below all floats, by its leading power."""
    low = special.betaincinv(a[:, None], b[:, None], LEVELS)
    high = special.betaincinv(b[:, None], a[:, None], 1 - LEVELS)
    with np.errstate(divide="ignore"):
        z = np.log(low) - np.log(high)
    return np.unique(z[np.abs(z) < 680])


def integrand(a, b, z):
    """(n, m) f_a * product of F_j over j != a, in log-odds."""
    a, b = a[:, None], b[:, None]
    log_f = a * special.log_expit(z) + b * special.log_expit(-z) - special.betaln(a, b)
    x, rest = special.expit(z), special.expit(-z)
    below = np.where(z < 0, special.betainc(a, b, x), special.betaincc(b, a, rest))
    log = np.log(np.maximum(below, 1e-300))
    return np.exp(log_f + log.sum(axis=0) - log)


def oracle(a, b, tolerance=2e-9):
    """(n,) P(arm is the largest), by adaptive Simpson."""
    cuts = quantiles(a, b)
    left, right = cuts[:-1], cuts[1:]
    total = np.zeros(len(a))
    for _ in range(40):
        h = right - left
        z = left[:, None] + h[:, None] * np.linspace(0, 1, 5)
        y = integrand(a, b, z.ravel()).reshape(len(a), -1, 5)
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


def best_of(a, b):
    return Quadrature(BetaFamily(a, b)).best_of(np.arange(len(a)))


def counted(rng, n, trials, rates):
    ones = rng.binomial(np.asarray(trials, dtype=np.int64), rates, n)
    return 1.0 + ones, 1.0 + trials - ones


def rates_apart(rng, n):
    return counted(rng, n, np.round(10 ** rng.uniform(0, 5, n)), 10 ** rng.uniform(-4, -0.1, n))


def rates_close(rng, n):
    return counted(
        rng, n, np.full(n, np.round(10 ** rng.uniform(1, 6))), 0.1 + 0.01 * rng.random(n)
    )


def rare_beside_flat(rng, n):
    a, b = counted(rng, n, np.round(10 ** rng.uniform(3, 7, n)), np.full(n, 1e-4))
    a[0] = b[0] = 1.0
    return a, b


def millions(rng, n):
    return counted(rng, n, np.full(n, 10**7), rng.choice([0.1, 0.1002, 0.3, 0.5], n))


def flat_and_alike(rng, n):
    return rng.integers(1, 4, n).astype(float), rng.integers(1, 4, n).astype(float)


def singular(rng, n):
    return rng.uniform(0.05, 1.2, n), rng.uniform(0.05, 3.0, n)


def any_scale(rng, n):
    return 10 ** rng.uniform(-1, 5, n), 10 ** rng.uniform(-1, 5, n)


REGIMES = [
    rates_apart,
    rates_close,
    rare_beside_flat,
    millions,
    flat_and_alike,
    singular,
    any_scale,
]


@pytest.mark.parametrize("regime", REGIMES)
def test_thousands_of_random_posteriors(regime):
    """2,130 vectors over the seven regimes, 2 to 8 arms each."""
    rng = np.random.default_rng(REGIMES.index(regime))
    worst = 0.0
    for _ in range(150 if regime is millions else 330):
        a, b = regime(rng, int(rng.choice([2, 3, 4, 8])))
        got, true = best_of(a, b), oracle(a, b)
        assert abs(true.sum() - 1) < ERROR / 2, "the oracle itself is off"
        assert abs(got.sum() - 1) <= 1e-12
        worst = max(worst, np.abs(got - true).max())
    assert worst <= ERROR


def test_a_thousand_arms():
    rng = np.random.default_rng(11)
    a, b = counted(rng, 1000, rng.integers(1, 3000, 1000).astype(float), np.full(1000, 0.05))
    cuts = quantiles(a, b)
    # Simpson on a fixed fine grid: the posteriors here are no sharper than 0.08 in log-odds.
    z = np.linspace(cuts[0], cuts[-1], 1501)
    true = integrate.simpson(integrand(a, b, z), x=z)
    assert true.sum() == pytest.approx(1, abs=1e-7)
    assert np.abs(best_of(a, b) - true).max() <= ERROR


def test_a_thousand_arms_alike():
    assert np.array_equal(best_of(np.ones(1000), np.ones(1000)), np.full(1000, 1e-3))


@pytest.mark.parametrize(
    ("posteriors", "golden"),
    [
        # P(Beta(a, b) > Beta(1, 1)) is the mean a / (a + b).
        ([(1001, 10_000_001), (1, 1)], [1001 / 10_001_002, 1 - 1001 / 10_001_002]),
        ([(5e6, 5e6), (1, 1)], [0.5, 0.5]),
        ([(1e-6, 1e-6), (1, 1)], [0.5, 0.5]),
        ([(3e-3, 1e-3), (1, 1)], [0.75, 0.25]),
        ([(1e9, 1e9), (1, 1)], [0.5, 0.5]),
        # The largest of n alike and one flat: P(flat wins) = 1 / (n + 1) where all are flat.
        ([(1, 1)] * 3, [1 / 3] * 3),
        # P(Beta(a, 1) > Beta(c, 1)) = a / (a + c).
        ([(3e6, 1), (1e6, 1)], [0.75, 0.25]),
        ([(0.02, 1), (0.01, 1)], [2 / 3, 1 / 3]),
        ([(1, 2e6), (1, 1e6)], [1 / 3, 2 / 3]),
    ],
)
def test_against_closed_forms(posteriors, golden):
    a, b = np.array(posteriors, dtype=float).T
    assert best_of(a, b) == pytest.approx(golden, abs=ERROR)


SCALES = [LEAST_PRIOR, 1e-3, 0.1, 1.0, 1e3, 1e6, MOST_PRIOR]


@pytest.mark.parametrize("one", SCALES)
@pytest.mark.parametrize("other", SCALES)
def test_every_prior_that_may_be_declared_is_within_the_bound(one, other):
    """Against the closed forms of two arms, one of them flat or both a power; and alike arms share."""
    share = one / (one + other)
    assert best_of(*np.array([(one, other), (1, 1)]).T)[0] == pytest.approx(share, abs=ERROR)
    assert best_of(*np.array([(one, 1), (other, 1)]).T)[0] == pytest.approx(share, abs=ERROR)
    assert best_of(*np.array([(1, other), (1, one)]).T)[0] == pytest.approx(share, abs=ERROR)
    assert best_of(np.full(3, one), np.full(3, other)) == pytest.approx([1 / 3] * 3, abs=1e-15)
    mixed = best_of(np.array([one, 1, other, one]), np.array([other, 1, one, one]))
    assert (mixed >= 0).all()
    assert abs(mixed.sum() - 1) <= 1e-12


def test_a_subset_is_what_it_is_alone():
    """The shared mesh changes no answer: every pair taken out of 12 arms, in any order."""
    rng = np.random.default_rng(5)
    a, b = counted(rng, 12, rng.integers(10, 10**5, 12).astype(float), rng.uniform(0.01, 0.1, 12))
    shared = Quadrature(BetaFamily(a, b))
    for gone in itertools.combinations(range(12), 2):
        rows = np.delete(np.arange(12), gone)
        assert np.abs(shared.best_of(rows) - best_of(a[rows], b[rows])).max() <= 1e-8


@pytest.mark.parametrize("regime", REGIMES)
def test_what_was_asked_before_does_not_matter_to_the_bit(regime):
    """So a decision can be explained later, by another process that asks nothing else."""
    rng = np.random.default_rng(7)
    a, b = regime(rng, 9)
    asked = Quadrature(BetaFamily(a, b))
    subsets = [np.flatnonzero(rng.random(9) < 0.6) for _ in range(30)]
    for rows in filter(len, subsets):
        asked.best_of(rows)
    for rows in filter(len, subsets):
        fresh = Quadrature(BetaFamily(a, b)).best_of(rows)
        assert asked.best_of(rows).tobytes() == fresh.tobytes()


def test_further_subsets_find_their_panels_ready():
    """34 arms: all 561 slates' third positions together need hardly more panels than the first."""
    rng = np.random.default_rng(6)
    a, b = counted(rng, 34, rng.integers(200, 3000, 34).astype(float), np.full(34, 0.01))
    shared = Quadrature(BetaFamily(a, b))
    shared.best_of(np.arange(34))
    for gone in itertools.combinations(range(34), 2):
        shared.best_of(np.delete(np.arange(34), gone))
    trees = [tree for _, tree in shared._stretches.values()]
    assert sum(len(tree._keys) + 2 * len(tree._halves) for tree in trees) < 60


def test_what_is_kept_is_bounded_and_only_saves_time():
    rng = np.random.default_rng(8)
    a, b = counted(rng, 40, np.full(40, 10**5), np.linspace(0.01, 0.2, 40))
    shared = Quadrature(BetaFamily(a, b))
    subsets = [np.flatnonzero(rng.random(40) < 0.2) for _ in range(60)]
    first = [shared.best_of(rows) for rows in subsets]
    trees = [tree for _, tree in shared._stretches.values()]
    assert any(len(tree._halves) > 1 for tree in trees)
    for tree in trees:
        tree._halves, tree._most = {}, 1
    again = [shared.best_of(rows) for rows in subsets]
    assert all(np.array_equal(x, y) for x, y in zip(first, again, strict=True))
    assert all(len(tree._halves) <= 1 for tree in trees)
