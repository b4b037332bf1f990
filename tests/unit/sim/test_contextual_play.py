"""Worlds whose arms are worth what the context says: their means, their luck, and a policy in them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tamesu.base import Declaration, InvalidInput, ShapeMismatch
from tamesu.base.feature import read_schema
from tamesu.policy.features import encoder_of
from tamesu.sim import (
    LinearWorld,
    LogisticWorld,
    contexts_at,
    evaluability,
    play_contextual,
    uniforms_of,
)

SCHEMA = {
    "device": {"type": "categorical", "values": ["ios", "android", "web"]},
    "age": {"type": "numeric", "range": [13, 100]},
    "hour": {"type": "cyclic", "period": 24},
    "member": "boolean",
    "taste": {"type": "vector", "size": 3},
    "segment": {"type": "hashed", "buckets": 8},
}


def declared(context=4, arms=3, explorer="randomized_ucb", layout="single", belief="linear"):
    return Declaration.parse(
        {
            "name": "play",
            "arms": [f"a{number}" for number in range(arms)],
            "layout": layout,
            "context": context,
            "reward": {"range": [-9, 9]},
            "policy": {"belief": belief, "explorer": explorer},
            "seed": 3,
        }
    )


def luck(seed):
    rng = np.random.default_rng(seed)
    return lambda m, k: rng.random((m, k))


def world_of(arms=3, width=4, sd=0.5, seed=1):
    rng = np.random.default_rng(seed)
    return LinearWorld(rng.normal(size=(arms, width)), rng.normal(size=arms), sd=sd)


def steps(declaration, world, rounds=200, every=20, seed=1):
    asked = {"rounds": rounds, "every": every, "uniforms": luck(seed), "pace_us": 1000}
    return list(play_contextual(declaration, world, **asked))


# Contexts -----------------------------------------------------------------------------------------


@given(st.integers(0, 2**32 - 1))
def test_every_context_that_is_drawn_fits_its_schema(seed):
    schema = read_schema(SCHEMA, "context")
    uniforms = np.random.default_rng(seed).random((5, uniforms_of(schema)))
    uniforms[0] = 0.0
    uniforms[1] = 1 - 2.0**-53
    declaration = Declaration.parse({"name": "x", "arms": ["a"], "context": SCHEMA})
    columns = encoder_of(declaration).contexts(contexts_at(schema, uniforms))
    assert np.isfinite(columns).all()
    assert columns.shape[0] == 5


def test_a_vector_is_standard_normal_and_a_category_even():
    """20,000 contexts: 5 standard errors of each, a false alarm in 10^6."""
    schema = read_schema(
        {"taste": {"type": "vector", "size": 2}, "one": SCHEMA["device"]}, "context"
    )
    assert uniforms_of(schema) == 3
    made = contexts_at(schema, np.random.default_rng(1).random((20_000, 3)))
    taste = np.array([one["taste"] for one in made])
    assert np.abs(taste.mean(axis=0)).max() < 5 / np.sqrt(20_000)
    assert np.abs(taste.std(axis=0) - 1).max() < 5 / np.sqrt(40_000)
    ios = np.mean([one["one"] == "ios" for one in made])
    assert abs(ios - 1 / 3) < 5 * np.sqrt(2 / 9 / 20_000)


# Worlds -------------------------------------------------------------------------------------------


def test_the_mean_of_the_rewards_is_what_was_expected():
    """40,000 evenly spread uniforms: their mean reward is the expected one to 1e-3."""
    uniforms = (np.arange(40_000) + 0.5)[:, None] / 40_000
    context = np.tile([0.3, -1.0, 0.2, 0.5], (40_000, 1))
    arms = np.full((40_000, 1), 2)
    for world in (world_of(), LogisticWorld(world_of().coefficients, world_of().offsets)):
        expected = world.expected(context[:1])[0, 2]
        drawn = world.rewards(context, arms, uniforms)
        assert drawn.mean() == pytest.approx(expected, abs=1e-3)
    assert set(drawn.ravel().tolist()) == {0.0, 1.0}


def test_a_world_that_cannot_be_is_refused():
    for coefficients in ([], [1.0], [[[1.0]]]):
        with pytest.raises(ShapeMismatch, match=r"coefficients must be \(n, d\)"):
            LogisticWorld(coefficients)
    with pytest.raises(ShapeMismatch, match=r"offsets must be \(2,\), got \(1,\)"):
        LogisticWorld([[1.0], [2.0]], [0.0])
    with pytest.raises(InvalidInput, match="must be finite"):
        LogisticWorld([[np.nan]])
    with pytest.raises(InvalidInput, match="sd must be finite and at least 0"):
        LinearWorld([[1.0]], sd=-1)
    with pytest.raises(ShapeMismatch, match=r"contexts must be \(m, 1\), got \(2, 3\)"):
        LogisticWorld([[1.0]]).expected(np.zeros((2, 3)))
    with pytest.raises(ShapeMismatch, match=r"one shape, got \(1, 1\) and \(1, 2\)"):
        LogisticWorld([[1.0]]).rewards(np.zeros((1, 1)), np.zeros((1, 1), int), np.zeros((1, 2)))


# Play ---------------------------------------------------------------------------------------------


@given(st.integers(1, 60), st.integers(1, 30))
def test_every_round_is_played_once_and_loses_what_it_missed(rounds, every):
    made = steps(declared(explorer="uniform"), world_of(), rounds, every)
    assert [step.first for step in made] == list(range(0, rounds, every))
    assert sum(len(step.lost) for step in made) == rounds
    for step in made:
        assert step.lost.min() >= -1e-12
        assert len(step.best) == len(step.earned) == len(step.lost)


def test_without_noise_a_policy_that_sees_contexts_soon_loses_nothing():
    made = steps(declared(), world_of(sd=0.0), rounds=400, every=1)
    lost = np.concatenate([step.lost for step in made])
    assert lost[200:].mean() < 0.02 < lost[:10].mean()


def test_contexts_are_worth_what_a_policy_loses_that_does_not_see_them():
    world = world_of(arms=5, width=10)
    seeing, blind = (
        sum(step.lost.sum() for step in steps(declared(10, 5, belief=belief), world, 1000))
        for belief in ("linear", "gaussian")
    )
    assert seeing < 0.3 * blind


def test_the_same_luck_gives_the_same_and_contexts_do_not_depend_on_who_plays():
    one, same = (steps(declared(), world_of()) for _ in range(2))
    other = steps(declared(explorer="uniform"), world_of())
    assert [step.lost.tolist() for step in one] == [step.lost.tolist() for step in same]
    assert [step.best.tolist() for step in one] == [step.best.tolist() for step in other]
    assert [step.lost.tolist() for step in one] != [step.lost.tolist() for step in other]


def test_a_slate_of_all_arms_loses_nothing():
    for step in steps(declared(layout={"kind": "slate", "size": 3}), world_of()):
        assert step.lost == pytest.approx(0, abs=1e-12)


def test_uniform_logs_are_worth_most_in_every_context():
    for step in steps(declared(explorer="uniform"), world_of()):
        assert step.evaluability == pytest.approx((1 / 3, 0, 1))


def test_logs_of_several_contexts_are_worth_their_harmonic_mean():
    """By the formula: (sum w p)^2 / sum w^2 p, over contexts and arms together."""
    (step,) = steps(declared(explorer={"kind": "epsilon_greedy", "epsilon": 0.3}), world_of(), 20)
    by_one = evaluability(np.array([0.0, 1.0, 1.0]), np.array([0.8, 0.1, 0.1]))
    assert step.evaluability.effective == pytest.approx(1.0)  # nothing is learnt: all arms alike
    later = steps(declared(explorer={"kind": "epsilon_greedy", "epsilon": 0.3}), world_of(), 400)
    assert later[-1].evaluability.effective == pytest.approx(by_one.effective)
    assert later[-1].evaluability.never == 0


def test_what_arms_tell_of_themselves_is_learnt_from():
    """One feature decides, and arms share what is learnt of it: arms never shown are known by it."""
    declaration = Declaration.parse(
        {
            "name": "shared",
            "arms": [{"id": f"a{n}", "features": {"good": n % 2 == 1}} for n in range(40)],
            "arm_features": {"good": "boolean"},
            "context": 1,
            "reward": {"range": [-9, 9]},
            "policy": {
                "belief": {"kind": "linear", "sharing": "shared"},
                "explorer": "randomized_ucb",
            },
            "seed": 1,
        }
    )
    world = LinearWorld(np.zeros((40, 1)), [float(n % 2) for n in range(40)], sd=0.1)
    made = steps(declaration, world, rounds=200, every=10)
    assert sum(step.lost.sum() for step in made[5:]) == 0
