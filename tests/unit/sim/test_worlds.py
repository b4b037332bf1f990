"""What every world promises, and what each is there for."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from tamesu.base import Declaration, InvalidInput, ShapeMismatch
from tamesu.sim import (
    AdversarialWorld,
    BernoulliWorld,
    CascadeWorld,
    DriftingWorld,
    Excerpt,
    GaussianWorld,
    LoggedWorld,
    PositionedWorld,
    SwitchingWorld,
    best_assignment,
    play,
)

RATES = [0.1, 0.5, 0.3, 0.2]
LEVELS = (np.arange(200_000) + 0.5) / 200_000
"""Uniforms spread evenly: means over them are exact to a few millionths."""


def excerpt():
    item, place = (part.ravel() for part in np.mgrid[0:4, 0:3])
    item, place = np.repeat(item, 20), np.repeat(place, 20)
    return Excerpt(
        LoggedWorld(item, place, (np.arange(240) % (2 + item + place) == 0)), list("0123"), 3
    )


WORLDS = {
    "bernoulli": BernoulliWorld(RATES),
    "gaussian": GaussianWorld([-3.0, 2.0, 0.0, 1e3], [0.0, 1.0, 2.5, 10.0]),
    "drifting": DriftingWorld(RATES, RATES[::-1]).at(0.3),
    "switching": SwitchingWorld([RATES, RATES[::-1]]).at(0.7),
    "positioned": PositionedWorld.examined(
        RATES, [1.0, 0.6, 0.3], own=np.random.default_rng(1).random((4, 3)), apart=0.5
    ),
    "cascade": CascadeWorld(RATES),
    "adversarial": AdversarialWorld(RATES).facing(np.array([0.1, 0.2, 0.3, 0.4])),
    "excerpt": excerpt(),
}


@pytest.fixture(params=WORLDS, scope="module")
def world(request):
    return WORLDS[request.param]


# The positions of a cascade need luck of their own: below.
@pytest.mark.parametrize("world", [one for one in WORLDS if one != "cascade"], indirect=True)
def test_the_mean_of_the_rewards_is_what_is_expected(world):
    for row in ([0, 1, 2], [3, 2, 1], [1, 0, 3]):
        arms = np.broadcast_to(np.array(row), (len(LEVELS), 3))
        earned = world.rewards(arms, np.broadcast_to(LEVELS[:, None], arms.shape))
        assert np.isfinite(earned).all()
        expected = world.expected(np.array([row]))[0]
        assert earned.mean(axis=0) == pytest.approx(expected, abs=2e-4)


def test_the_ends_of_the_uniforms_give_finite_rewards(world):
    arms = np.array([[0, 1, 2]])
    for end in (0.0, 2.0**-53, 1 - 2.0**-53):
        assert np.isfinite(world.rewards(arms, np.full((1, 3), end))).all()


@pytest.mark.parametrize("kind", ["slate", "cascade"])
def test_a_step_says_what_uniform_decisions_earn(kind):
    """The mean of all decisions of two arms, whatever the bandit does."""
    layout = {"kind": kind, "size": 2}
    declaration = Declaration.parse(
        {"name": "home", "arms": [*"abcd"], "layout": layout, "seed": 1}
    )
    world = CascadeWorld(RATES) if kind == "cascade" else WORLDS["positioned"]
    rng = np.random.default_rng(1)
    asked = {"rounds": 30, "every": 10, "uniforms": lambda m, k: rng.random((m, k))}
    decisions = np.array(list(itertools.permutations(range(4), 2)))
    expected = world.expected(decisions).sum(axis=1).mean()
    steps = list(play(declaration, world, **asked))
    assert [step.uniform for step in steps] == pytest.approx([expected] * 3)


@pytest.mark.parametrize("size", [1, 2, 3])
def test_no_decision_earns_more_than_the_best_and_one_earns_it(world, size):
    decisions = np.array(list(itertools.permutations(range(4), size)))
    assert world.best(size) == pytest.approx(world.expected(decisions).sum(axis=1).max())


def test_gaps_are_what_each_arm_falls_short_of_the_best_at_the_first_position(world):
    first = world.expected(np.arange(4)[:, None])[:, 0]
    assert world.gaps() == pytest.approx(first.max() - first)
    assert world.gaps().min() == 0


def test_what_does_not_change_is_itself(world):
    expected = world.expected(np.array([[0, 1, 2]]))
    again = world.at(0.0) if isinstance(world, GaussianWorld | PositionedWorld) else world
    assert np.array_equal(again.expected(np.array([[0, 1, 2]])), expected)
    if not isinstance(world, AdversarialWorld):
        assert world.facing(np.array([0.7, 0.1, 0.1, 0.1])) is world


def test_a_cascade_is_clicked_at_the_first_arm_that_attracts():
    """Over a grid of the luck of three positions, finer than the rates."""
    world = CascadeWorld(RATES)
    luck = (np.array(list(itertools.product(range(20), repeat=3))) + 0.5) / 20
    for row in ([0, 1, 2], [3, 2, 1], [1, 0, 3]):
        earned = world.rewards(np.broadcast_to(np.array(row), luck.shape), luck)
        assert set(earned.sum(axis=1)) <= {0.0, 1.0}
        assert earned.mean(axis=0) == pytest.approx(world.expected(np.array([row]))[0])


@pytest.mark.parametrize("size", [1, 2, 3, 4])
def test_a_cascade_knows_what_chance_earns(size):
    world = CascadeWorld(RATES)
    decisions = np.array(list(itertools.permutations(range(4), size)))
    assert world.uniform(size) == pytest.approx(world.expected(decisions).sum(axis=1).mean())


@pytest.mark.parametrize(
    ("rates", "error"),
    [
        ([], ShapeMismatch),
        ([[0.1]], ShapeMismatch),
        ([1.1], InvalidInput),
        ([np.nan], InvalidInput),
    ],
)
def test_cascades_that_cannot_be_are_refused(rates, error):
    with pytest.raises(error):
        CascadeWorld(rates)


# Each on its own ----------------------------------------------------------------------------------


def test_gaussian_rewards_have_the_deviation_that_was_asked_for():
    """Evenly spread uniforms: the quantiles of a normal, whose deviation is 1 to five digits."""
    world = GaussianWorld([1.0, -2.0], [0.5, 3.0])
    for arm, deviation in enumerate([0.5, 3.0]):
        rewards = world.rewards(np.full(len(LEVELS), arm), LEVELS)
        assert rewards.std() == pytest.approx(deviation, rel=1e-4)
        assert np.all(np.diff(rewards) > 0)


@pytest.mark.parametrize(
    ("means", "sd", "error"),
    [
        ([1.0, np.nan], 1.0, InvalidInput),
        ([1.0, np.inf], 1.0, InvalidInput),
        ([1.0], -1.0, InvalidInput),
        ([1.0], np.nan, InvalidInput),
        ([1.0, 2.0], [1.0], ShapeMismatch),
        ([], 1.0, ShapeMismatch),
    ],
)
def test_gaussian_worlds_that_cannot_be_are_refused(means, sd, error):
    with pytest.raises(error):
        GaussianWorld(means, sd)


def test_a_switching_world_jumps_and_holds_still_between():
    phases = [[0.1, 0.9], [0.9, 0.1], [0.5, 0.5]]
    world = SwitchingWorld(phases)
    assert world.rates.tolist() == phases[0]
    for progress, phase in [(0, 0), (0.33, 0), (0.34, 1), (0.66, 1), (0.67, 2), (0.999, 2), (1, 2)]:
        assert world.at(progress).rates.tolist() == phases[phase]
    with pytest.raises(ShapeMismatch, match="phases must be"):
        SwitchingWorld([])
    with pytest.raises(InvalidInput):
        SwitchingWorld([[0.1], [1.2]])


def test_positions_are_looked_at_as_often_as_said_and_arms_may_suit_one_of_them():
    own = np.array([[0.0, 1.0], [1.0, 0.0]])
    plain = PositionedWorld.examined([0.4, 0.2], [1.0, 0.5])
    assert plain.rates == pytest.approx(np.array([[0.4, 0.2], [0.2, 0.1]]))
    mixed = PositionedWorld.examined([0.4, 0.2], [1.0, 0.5], own=own, apart=0.5)
    assert mixed.rates == pytest.approx(np.array([[0.2, 0.35], [0.6, 0.05]]))
    assert mixed.best(2) == pytest.approx(0.95)
    assert plain.positions == 2


def test_positions_that_cannot_be_are_refused():
    with pytest.raises(ShapeMismatch, match="rates must be"):
        PositionedWorld([0.1, 0.2])
    with pytest.raises(InvalidInput):
        PositionedWorld([[0.1, 1.2]])
    with pytest.raises(ShapeMismatch, match="own must be"):
        PositionedWorld.examined([0.1, 0.2], [1.0], own=np.zeros((1, 1)))
    with pytest.raises(ShapeMismatch, match="one shape"):
        PositionedWorld([[0.1]]).rewards(np.zeros((1, 1), np.intp), np.zeros((2, 1)))


def test_the_adversary_gives_least_to_what_one_leans_on_most():
    world = AdversarialWorld([0.3, 0.1, 0.2])
    assert world.facing(np.array([0.2, 0.7, 0.1])).rates.tolist() == [0.2, 0.1, 0.3]
    assert world.at(0.5).facing(np.array([0.0, 0.0, 1.0])).rates[2] == 0.1


def test_among_equals_the_adversary_takes_turns():
    world = AdversarialWorld([0.0, 0.5, 1.0])
    for steps in (30, 50, 99, 100):
        met = [world.at(step / steps).facing(np.full(3, 1 / 3)).rates for step in range(steps)]
        assert np.mean(met, axis=0) == pytest.approx([0.5, 0.5, 0.5], abs=2 / steps)
    # Rounding is no preference.
    almost = np.array([1 / 3, 1 / 3 + 1e-15, 1 / 3 - 1e-15])
    assert np.array_equal(world.facing(almost).rates, world.facing(np.full(3, 1 / 3)).rates)


def test_the_best_of_an_assignment_may_be_held_fixed_over_many_rounds():
    one, other = np.array([[0.9], [0.1]]), np.array([[0.0], [0.6]])
    assert best_assignment(one + other) == pytest.approx(0.9)
    assert best_assignment(np.array([[0.9, 0.8], [0.5, 0.1]])) == pytest.approx(1.3)
