"""Laws of off-policy estimators, of any rounds and slates."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tamesu.evaluate import (
    Rounds,
    Slates,
    contrast_of,
    estimator_of,
    known_estimators,
    known_slate_estimators,
    normal,
    slate_contrast_of,
    slate_estimator_of,
    value,
)
from tamesu.evaluate.slope import halved_weights

SELF_NORMALISED = {"snips", "sndr"}
TUNED = {
    "ips": {"clip": "slope"},
    "dr": {"clip": "slope"},
    "switch_dr": {"threshold": "slope"},
    "dr_os": {"shrinkage": "slope"},
    "ips_sg": {"correction": "slope"},
    "dr_sg": {"correction": "slope"},
}
EVERY = [
    *((name, {}) for name in known_estimators()),
    *TUNED.items(),
]


@st.composite
def worlds(draw):
    """Rounds, a target policy, a model and the logging policy, of a seed and some sizes."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    n, k = draw(st.integers(2, 40)), draw(st.integers(1, 5))
    scale = 10.0 ** draw(st.integers(-6, 6))
    logging = rng.dirichlet(np.full(k, 0.7), n) * 0.99 + 0.01 / k
    target = rng.dirichlet(np.full(k, 0.4), n)
    arms = rng.integers(0, k, n)
    rounds = Rounds.of(
        arms,
        rng.normal(0, scale, n),
        logging[np.arange(n), arms],
        among=range(k),
        features=rng.integers(0, 2, (k, 1)),
        units=rng.integers(0, n, n),
    )
    return rounds, target, rng.normal(0, scale, (n, k)), logging


def close(found, wanted):
    if np.isnan(wanted):
        return np.isnan(found)
    return found == pytest.approx(wanted, rel=1e-9, abs=1e-9 * max(1.0, abs(wanted)))


def estimate(name, options, rounds, target, predicted, logging):
    contrast = contrast_of(rounds, target, predicted, logging=logging)
    return value(estimator_of(name, options).contributions(contrast))


@pytest.mark.parametrize(("name", "options"), EVERY)
@settings(max_examples=20)
@given(worlds(), st.integers(0, 2**32))
def test_the_order_of_rounds_does_not_matter(name, options, world, seed):
    rounds, *tables = world
    order = np.random.default_rng(seed).permutation(len(rounds))
    found = estimate(name, options, rounds.take(order), *(table[order] for table in tables))
    assert close(found, estimate(name, options, rounds, *tables))


@pytest.mark.parametrize("name", known_estimators())
@settings(max_examples=20)
@given(worlds())
def test_each_round_twice_is_the_same_estimate(name, world):
    rounds, *tables = world
    twice = np.repeat(np.arange(len(rounds)), 2)
    found = estimate(name, {}, rounds.take(twice), *(table[twice] for table in tables))
    assert close(found, estimate(name, {}, rounds, *tables))


@pytest.mark.parametrize(("name", "options"), EVERY)
@settings(max_examples=20)
@given(worlds(), st.sampled_from([1e-3, 0.5, 2.0, 1e4]))
def test_rewards_in_another_unit_are_an_estimate_in_that_unit(name, options, world, unit):
    rounds, target, predicted, logging = world
    scaled = replace(rounds, reward=rounds.reward * unit)
    found = estimate(name, options, scaled, target, predicted * unit, logging)
    wanted = unit * estimate(name, options, rounds, target, predicted, logging)
    scale = unit * np.abs(rounds.reward).max() * 1e4
    assert close(found, wanted) or found == pytest.approx(wanted, abs=1e-12 * scale)


@pytest.mark.parametrize("name", sorted(SELF_NORMALISED | {"dm"}))
@settings(max_examples=20)
@given(worlds(), st.floats(-100, 100))
def test_what_is_added_to_every_reward_is_added_to_the_estimate(name, world, more):
    rounds, target, predicted, logging = world
    if not contrast_of(rounds, target).weight.any():
        return
    scale = np.abs(rounds.reward).max() + 100
    raised = replace(rounds, reward=rounds.reward + more)
    found = estimate(name, {}, raised, target, predicted + more, logging)
    wanted = estimate(name, {}, rounds, target, predicted, logging) + more
    assert found == pytest.approx(wanted, abs=1e-9 * scale)


@given(worlds())
def test_estimators_meet_where_their_options_say(world):
    rounds, target, predicted, logging = world

    def of(name, **options):
        return estimate(name, options, rounds, target, predicted, logging)

    none = np.zeros_like(predicted)
    plain, robust, model = of("ips"), of("dr"), of("dm")
    assert close(estimate("dr", {}, rounds, target, none, logging), plain)
    assert close(of("ips_sg", correction=0.0), plain)
    assert close(of("dr_sg", correction=0.0), robust)
    assert close(of("switch_dr", threshold=float("inf")), robust)
    assert close(of("dr_os", shrinkage=float("inf")), robust)
    assert close(of("dr_os", shrinkage=0.0), model)
    assert close(of("dr", clip=0.0), model)
    assert of("ips", clip=0.0) == 0.0
    assert close(of("ips_sg", correction=1.0), _of_those_wanted(rounds, target))
    alone = replace(rounds, features=np.arange(len(rounds.arms))[:, None] * 1.0)
    assert close(estimate("mips", {}, alone, target, none, logging), plain)


def _of_those_wanted(rounds, target):
    """Weights that are 1, but of what the target policy never does."""
    wanted = target[np.arange(len(rounds)), rounds.chosen] > 0
    return float(np.where(wanted, rounds.reward, 0.0).mean())


@given(worlds())
def test_slope_takes_one_that_agrees_with_all_that_are_wider(world):
    """Half the width of an interval of 80 % is the quantile of 90 % on one side."""
    rounds, target, predicted, _ = world
    contrast = contrast_of(rounds, target, predicted)
    found = estimator_of("switch_dr", {"threshold": "slope"}).contributions(contrast)
    tried = [
        estimator_of("switch_dr", {"threshold": number}).contributions(contrast)
        for number in halved_weights(contrast)
    ]
    assert value(found) in [value(one) for one in tried]
    if len(np.unique(rounds.cluster)) == 1:
        return

    def width(one):
        low, high = normal(one, rounds.cluster, 0.8)
        return (high - low) / 2

    taken = width(found)
    for one in tried:
        if width(one) > taken:
            may = taken + (6**0.5 - 1) * width(one)
            assert abs(value(one) - value(found)) <= may * (1 + 1e-9)


@st.composite
def slate_worlds(draw):
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    n, size = draw(st.integers(2, 20)), draw(st.integers(1, 3))
    k = size + draw(st.integers(0, 2))
    arms = np.array([rng.permutation(k)[:size] for _ in range(n)])
    slates = Slates.of(
        arms,
        rng.normal(0, 1, (n, size)),
        rng.uniform(0.05, 1, (n, size)),
        among=range(k),
        marginals=rng.uniform(0.05, 1, (n, size)),
    )
    target = rng.dirichlet(np.ones(k), (n, size))
    return slates, target, rng.normal(0, 1, (n, size, k)), rng.uniform(0, 1, (n, size))


@given(slate_worlds())
def test_slates_of_one_arm_are_rounds(world):
    slates, target, predicted, _ = world
    first = replace(
        slates,
        chosen=slates.chosen[:, :1],
        reward=slates.reward[:, :1],
        propensity=slates.propensity[:, :1],
        shown=slates.shown[:, :1],
        marginal=slates.propensity[:, :1],
    )
    rounds = Rounds.of(
        slates.chosen[:, 0], first.reward[:, 0], first.propensity[:, 0], among=slates.arms
    )
    one = contrast_of(rounds, target[:, 0], predicted[:, 0])
    contrast = slate_contrast_of(first, target[:, :1], predicted[:, :1], placed=target[:, :1])
    pairs = {
        "standard": "ips",
        "reward_interaction": "ips",
        "item_position": "ips",
        "cascade_dr": "dr",
        "sn_standard": "snips",
        "sn_reward_interaction": "snips",
        "sn_item_position": "snips",
    }
    for name, same in pairs.items():
        found = value(slate_estimator_of(name).contributions(contrast))
        assert close(found, value(estimator_of(same).contributions(one)))


@pytest.mark.parametrize(
    "name", [name for name in known_slate_estimators() if not slate_estimator_of(name).pairs]
)
@settings(max_examples=20)
@given(slate_worlds())
def test_what_slates_earn_is_what_their_positions_earn(name, world):
    slates, target, predicted, placed = world
    contrast = slate_contrast_of(slates, target, predicted * 0.0, placed=placed)
    whole = value(slate_estimator_of(name).contributions(contrast))
    parts = [
        value(
            slate_estimator_of(name).contributions(
                replace(contrast, reward=np.where(np.arange(slates.size) == at, slates.reward, 0.0))
            )
        )
        for at in range(slates.size)
    ]
    assert close(sum(parts), whole)
    none = replace(contrast, reward=slates.reward * 0.0)
    assert value(slate_estimator_of(name).contributions(none)) == 0.0
