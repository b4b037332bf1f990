"""What weights and the halves of a log are off by: rounds of one unit that go the same way are one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tamesu.evaluate import Rounds, evaluated

EACH, UNITS = 40, 60


@pytest.fixture
def alike():
    """Units whose every round has the weight, and the reward, of its unit."""
    rng = np.random.default_rng(3)
    n = EACH * UNITS
    arm = np.repeat(rng.random(UNITS) < 0.4, EACH).astype(int)
    reward = np.repeat(rng.random(UNITS), EACH)
    rounds = Rounds.of(
        arm, reward, [0.5] * n, among=[0, 1], units=np.repeat(np.arange(UNITS), EACH)
    )
    return rounds, np.tile([0.1, 0.9], (n, 1))


def by_units(column):
    """The standard error of a mean, of sums of units."""
    sums = column.reshape(-1, EACH).sum(axis=1)
    return sums.std(ddof=1) / EACH / len(sums) ** 0.5


def test_the_mean_weight_is_known_as_well_as_there_are_units(alike):
    rounds, target = alike
    found = evaluated(rounds, target, estimators=["snips"])
    weights = found.diagnostics.weights
    assert weights.error == pytest.approx(by_units(np.where(rounds.chosen == 1, 1.8, 0.2)))
    # It is far below 1 by chance, and units say so; by rounds it would be missing.
    assert weights.mean < 0.95
    assert "missing weight" not in {one.what for one in found.verdict.reasons}
    alone = evaluated(replace(rounds, cluster=rounds.row), target, estimators=["snips"])
    assert "missing weight" in {one.what for one in alone.verdict.reasons}


def test_halves_are_known_as_well_as_they_have_units(alike):
    rounds, target = alike
    drift = evaluated(rounds, target, estimators=["snips"]).diagnostics.drift
    for half, reward in zip(drift.halves, np.split(rounds.reward, 2), strict=True):
        assert half.logged == pytest.approx(reward.mean())
        assert half.logged_error == pytest.approx(by_units(reward))
