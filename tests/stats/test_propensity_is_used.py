"""What is logged is what was used: arms come up as often as their propensities say.

Each test compares counts with probabilities by Pearson's chi-square and fails at a p-value of 1e-6,
which is its false-alarm rate. All are seeded.
"""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy import stats

from tamesu.base import GRID, Declaration, Time
from tamesu.policy import Batch, compose

FALSE_ALARM = 1e-6
ARMS = ("a", "b", "c", "d")


def prepared_of(layout, explore=0.0):
    policy = compose(
        Declaration.parse(
            {
                "name": "used",
                "arms": ARMS,
                "seed": 3,
                "layout": layout,
                "policy": {"explorer": {"kind": "thompson", "explore": explore}},
            }
        )
    )
    arms = np.array([*"aaaaaabbbbcccccccc"], dtype=object)
    reward = np.array([GRID, 0] * 9, dtype=np.int64)
    zeros = np.zeros(18, np.int64)
    batch = Batch(arms, reward, zeros, np.ones(18), zeros)
    state = policy.absorb(policy.init(), policy.evidence(policy.init(), batch))
    return policy.prepare(state, ARMS, Time(0))


def surprising(observed, expected):
    return stats.chisquare(observed, expected).pvalue < FALSE_ALARM


@pytest.mark.parametrize("explore", [0.0, 0.2])
@pytest.mark.parametrize("eligible", [None, ("a", "b", "d")])
def test_single(explore, eligible):
    prepared = prepared_of("single", explore)
    n = 40_000
    many = prepared.choose_many([f"used.1.{i}" for i in range(n)], eligible)
    p = prepared.propensities(eligible)
    seen = np.bincount(many.rows[:, 0], minlength=4)
    assert np.array_equal(p[many.rows[:, 0]], many.propensities[:, 0])
    assert not surprising(seen[p > 0], n * p[p > 0])
    assert surprising(seen[p > 0], n * np.full((p > 0).sum(), 1 / (p > 0).sum()))


def test_slate_by_its_joint_propensity():
    prepared = prepared_of({"kind": "slate", "size": 2}, 0.1)
    n = 20_000
    counts = dict.fromkeys(itertools.permutations(ARMS, 2), 0)
    joint = {}
    for i in range(n):
        choice = prepared.choose(f"used.1.{i}")
        counts[choice.arms] += 1
        joint[choice.arms] = choice.propensities[0] * choice.propensities[1]
    assert sum(joint.values()) == pytest.approx(1, abs=1e-9)
    assert not surprising(list(counts.values()), [n * joint[pair] for pair in counts])


def test_inverse_propensities_of_a_slate_estimate_the_uniform_target():
    """The mean of 1 / p over what was logged, against its known mean (k arms): 5 sd, < 1e-6."""
    prepared = prepared_of("single", 0.1)
    n = 40_000
    many = prepared.choose_many([f"used.1.x{i}" for i in range(n)])
    weights = 1 / (4 * many.propensities[:, 0])
    p = prepared.propensities()
    deviation = np.sqrt((np.sum(1 / (16 * p)) - 1) / n)
    assert abs(weights.mean() - 1) < 5 * deviation


def test_thompson_is_the_chance_of_the_largest_draw():
    """The quadrature against 400,000 draws of every posterior."""
    prepared = prepared_of("single")
    rng = np.random.default_rng(1)
    a, b = np.array([4, 3, 5, 1]), np.array([4, 3, 5, 1])
    draws = rng.beta(a, b, size=(400_000, 4)).argmax(axis=1)
    assert not surprising(np.bincount(draws, minlength=4), 400_000 * prepared.propensities())
