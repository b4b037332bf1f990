"""SLOPE: the rounds choose how far large weights are held down, and by which rule."""

from __future__ import annotations

import numpy as np
import pytest

from tamesu.base import InvalidInput
from tamesu.evaluate import Rounds, contrast_of, estimator_of, value
from tamesu.evaluate.contributions import Contributions
from tamesu.evaluate.slope import slope

TUNABLE = {
    "ips": "clip",
    "dr": "clip",
    "switch_dr": "threshold",
    "dr_os": "shrinkage",
    "ips_sg": "correction",
    "dr_sg": "correction",
}
NEED_A_MODEL = {"dr", "switch_dr", "dr_os", "dr_sg"}


def spread(mean, sd, n=100):
    """Contributions with just this mean and this standard deviation."""
    signs = np.tile([1.0, -1.0], n // 2)
    return Contributions(mean + signs * sd * ((n - 1) / n) ** 0.5)


def test_it_takes_the_narrowest_that_agrees_with_all_wider_ones():
    # Widths are 1.290 standard errors, t of 99 degrees at one side's 90 %: .129 times the sd.
    assert slope([spread(0, 10), spread(1, 5), spread(0.5, 1)]) == 2
    # The last is off by more than w_3 + (sqrt 6 - 1) w_2, though not from the first: it stops before.
    assert slope([spread(0, 10), spread(1.5, 1), spread(0.9, 0.1)]) == 1
    # The order they are given in does not matter, and nothing behind the first that disagrees is looked at.
    assert slope([spread(0, 0.01), spread(3, 1), spread(0, 10)]) == 2
    assert slope([spread(0.0, 1.0)]) == 0


def test_the_boundary_is_where_the_paper_puts_it():
    t = 1.2901613
    reach = t / 10 * (1 + (6**0.5 - 1) * 4)
    wide = spread(0.0, 4.0)
    assert slope([wide, spread(reach - 1e-6, 1.0)]) == 1
    assert slope([wide, spread(reach + 1e-6, 1.0)]) == 0


def test_rounds_of_one_cluster_count_as_one():
    wide, narrow = spread(0.0, 4.0), spread(1.0, 1.0)
    assert slope([wide, narrow]) == 0
    # In clusters of two that go the same way errors are larger: now it agrees.
    cluster = np.arange(100) // 4 * 2 + np.arange(100) % 2
    assert slope([wide, narrow], cluster) == 1


def test_what_has_no_value_is_left_out():
    nothing = Contributions(np.zeros(100), np.zeros(100), np.zeros(100))
    assert slope([nothing, spread(1.0, 1.0)]) == 1
    assert slope([nothing, nothing]) == 0


def rounds_with_a_rare_arm(n, seed):
    """An arm with the propensity .002 that the target policy takes half the time, and is worth like others."""
    rng = np.random.default_rng(seed)
    propensities = np.array([0.6, 0.398, 0.002])
    arms = rng.choice(3, n, p=propensities)
    rewards = rng.random(n) < 0.5
    rounds = Rounds.of(arms, rewards, propensities[arms], among=range(3))
    return rounds, np.tile([0.25, 0.25, 0.5], (n, 1))


@pytest.mark.parametrize("name", sorted(TUNABLE))
def test_each_that_can_be_tuned_says_what_it_took(name):
    rounds, target = rounds_with_a_rare_arm(2_000, 1)
    model = np.full((2_000, 3), 0.5) if name in NEED_A_MODEL else None
    contrast = contrast_of(rounds, target, model)
    option = TUNABLE[name]
    numbers = (0.5, 0.25, 0.125)
    among = estimator_of(name, {option: numbers}).contributions(contrast)
    assert among.tuned in numbers
    plain = estimator_of(name, {option: among.tuned}).contributions(contrast)
    assert plain.tuned is None
    assert value(among) == value(plain)
    assert estimator_of(name, {option: "slope"}).contributions(contrast).tuned >= 0.0
    with pytest.raises(InvalidInput, match=f"{option} must be at least 0"):
        estimator_of(name, {option: [1.0, -1.0]})
    with pytest.raises(InvalidInput, match="got no number"):
        estimator_of(name, {option: []})
    with pytest.raises(InvalidInput):
        estimator_of(name, {option: "steep"})


def test_a_correction_above_one_is_refused():
    with pytest.raises(InvalidInput, match=r"at most 1, got 1\.5"):
        estimator_of("ips_sg", {"correction": 1.5})


def test_with_a_right_model_it_lets_go_of_rare_large_weights():
    """Mean squared error of 200 logs. With luck alone a ratio above .8 has a chance below 1e-9."""
    errors = {"tuned": [], "plain": []}
    for seed in range(200):
        rounds, target = rounds_with_a_rare_arm(500, seed)
        contrast = contrast_of(rounds, target, np.full((500, 3), 0.5))
        tuned = estimator_of("switch_dr", {"threshold": "slope"}).contributions(contrast)
        plain = estimator_of("dr").contributions(contrast)
        errors["tuned"].append(value(tuned) - 0.5)
        errors["plain"].append(value(plain) - 0.5)
    squares = {name: np.square(all_of).mean() for name, all_of in errors.items()}
    assert squares["tuned"] < 0.8 * squares["plain"]


def test_with_a_wrong_model_it_keeps_them():
    rounds, target = rounds_with_a_rare_arm(200_000, 3)
    model = np.full((200_000, 3), 0.5) - [0.0, 0.0, 0.5]
    contrast = contrast_of(rounds, target, model)
    tuned = estimator_of("switch_dr", {"threshold": "slope"}).contributions(contrast)
    assert tuned.tuned == 250.0
    # Switched off it would be .25; six standard errors, sqrt(.002 * .5 / n) * 250 each, are .106.
    assert abs(value(tuned) - 0.5) < 0.11
