"""Regret of Thompson sampling on ten Bernoulli arms .10 ... .19, 10,000 rounds. Two-sided.

References: mean 148.4 at once and 153.5 when learning every 500 rounds, sd of one run about 39.
The bands are those means +- 4.9 standard errors or wider: false-alarm rate <= 1e-6. Half the
posterior variance gives 115, and uniform play 450: both must fail. All runs are seeded.
"""

from __future__ import annotations

import numpy as np
import pytest

import tamesu
from tamesu.base import GRID, Declaration, Time
from tamesu.policy import Batch, compose
from tamesu.sim import BernoulliWorld, regret

RATES = np.linspace(0.10, 0.19, 10)
ROUNDS = 10_000
ARMS = tuple(f"arm-{i}" for i in range(10))


def test_learning_every_500_rounds_through_the_quadrature():
    """400 seeds x 20 snapshots = 8,000 exact vectors."""
    world, rng = BernoulliWorld(RATES), np.random.default_rng(42)
    policy = compose(Declaration.parse({"name": "regret", "arms": ARMS, "seed": 1}))
    ids = np.array(ARMS, dtype=object)
    zeros, ones = np.zeros(500, np.int64), np.ones(500)
    totals = np.zeros(400)
    for run in range(400):
        state = policy.init()
        for _ in range(20):
            p = policy.prepare(state, ARMS, Time(0)).propensities()
            played = rng.choice(10, size=500, p=p)
            rewards = world.rewards(played, rng.random(500)).astype(np.int64) * GRID
            batch = Batch(ids[played], rewards, zeros, ones, zeros)
            state = policy.absorb(state, policy.evidence(state, batch))
            totals[run] += regret(world.gaps(), played)[-1]
    assert 144 < totals.mean() < 163
    assert 25 < totals.std() < 55


def test_learning_at_once_by_drawing():
    """400 runs side by side; each round draws from every posterior. Checks world and belief."""
    world, rng = BernoulliWorld(RATES), np.random.default_rng(43)
    runs = np.arange(400)
    ones, zeros = np.zeros((400, 10)), np.zeros((400, 10))
    total = np.zeros(400)
    gaps = world.gaps()
    for _ in range(ROUNDS):
        played = rng.beta(1 + ones, 1 + zeros).argmax(axis=1)
        reward = world.rewards(played, rng.random(400))
        ones[runs, played] += reward
        zeros[runs, played] += 1 - reward
        total += gaps[played]
    assert 139 < total.mean() < 158


def run_in_memory(seed, every):
    world, rng = BernoulliWorld(RATES), np.random.default_rng(1000 + seed)
    bandit = tamesu.Bandit(arms=range(10), seed=seed)
    lost = 0.0
    for _ in range(ROUNDS // every):
        ds = bandit.decide_many(n=every)
        bandit.learn_many(ds, world.rewards(ds.arms, rng.random(every)))
        lost += regret(world.gaps(), ds.arms)[-1]
    return lost


def test_twenty_seeds_in_memory():
    """Standard error 39 / sqrt(20) = 8.7, so 153.5 +- 43."""
    assert 110 < np.mean([run_in_memory(seed, 500) for seed in range(20)]) < 197


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_a_hundred_seeds_in_memory_learning_every_10_rounds():
    """Between the two references, 148.4 and 153.5; standard error 3.9, so +- 19 around them."""
    assert 129 < np.mean([run_in_memory(seed, 10) for seed in range(100)]) < 173
