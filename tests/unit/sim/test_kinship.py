"""Worlds in which arms that tell alike are worth alike: arms, combinations, cascades."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest

from tamesu.base import Declaration, InvalidInput
from tamesu.policy.features import encoder_of
from tamesu.sim import (
    ContextualCascadeWorld,
    LogisticWorld,
    kinship,
    listed,
    play_contextual,
)

ARMS = [
    {"id": "a", "features": {"genre": "x", "fresh": 0.1}},
    {"id": "b", "features": {"genre": "y", "fresh": 0.9}},
    {"id": "c", "features": {"genre": "x", "fresh": 0.5}},
]
TOLD = {
    "name": "shop",
    "seed": 3,
    "arms": ARMS,
    "arm_features": {
        "genre": {"type": "categorical", "values": ["x", "y"]},
        "fresh": {"type": "numeric", "range": [0, 1]},
    },
    "context": {"taste": {"type": "vector", "size": 2}, "member": "boolean"},
    "interactions": [["taste", "genre"], ["member", "fresh"], ["genre", "fresh"]],
    "policy": {"belief": {"kind": "linear", "sharing": "shared"}},
}
HERO = {
    "name": "hero",
    "seed": 3,
    "slots": {"title": ["a", "b"], "image": ["x", "y", "z"]},
    "infeasible": [{"title": "b", "image": "y"}],
    "pairwise": True,
    "context": {"member": "boolean"},
    "interactions": [["member", "title"]],
}


@pytest.mark.parametrize("fields", [TOLD, HERO])
def test_kinship_is_the_joint_columns_but_for_what_all_arms_share(fields):
    declaration, rng = Declaration.parse(fields), np.random.default_rng(1)
    encoder, told = encoder_of(declaration), [*listed(declaration).values()]
    weights = rng.normal(size=encoder.joint_width)
    contexts = rng.normal(size=(50, encoder.width))
    kin = kinship(encoder, told, weights, contexts)
    worth = kin.offsets + contexts @ kin.coefficients.T
    arms = encoder.arms(told)
    joint = np.array([encoder.joint(np.tile(x, (len(arms), 1)), arms) @ weights for x in contexts])
    joint -= joint.mean(axis=1, keepdims=True)
    assert np.std(worth) == pytest.approx(1)
    np.testing.assert_allclose(worth, joint / np.std(joint), atol=1e-12)


def test_arms_that_all_tell_the_same_have_no_kinship():
    declaration = Declaration.parse({**TOLD, "arms": [{**ARMS[0], "id": one} for one in "ab"]})
    encoder = encoder_of(declaration)
    with pytest.raises(InvalidInput, match="all alike"):
        kinship(
            encoder,
            [*listed(declaration).values()],
            np.ones(encoder.joint_width),
            np.ones((9, encoder.width)),
        )


def test_combinations_are_listed_without_those_that_are_ruled_out():
    found = listed(Declaration.parse(HERO))
    assert [*found] == [
        "title=a,image=x",
        "title=a,image=y",
        "title=a,image=z",
        "title=b,image=x",
        "title=b,image=z",
    ]
    assert found["title=b,image=z"] == {"title": "b", "image": "z"}
    assert [*listed(Declaration.parse(TOLD))] == ["a", "b", "c"]
    many = {f"slot {number}": ["a", "b", "c", "d"] for number in range(8)}
    with pytest.raises(InvalidInput, match="may have 20,000 of them, the slots make 65,536"):
        listed(Declaration.parse({"name": "many", "slots": many}))


def test_a_cascade_in_contexts_earns_the_first_that_attracts():
    rng = np.random.default_rng(1)
    world = ContextualCascadeWorld(rng.normal(size=(4, 2)), rng.normal(size=4))
    contexts = rng.normal(size=(3, 2))
    rates = world.expected(contexts)
    every = np.array([*permutations(range(4), 2)])
    earned = np.array([world.earned(rates, np.tile(arms, (3, 1))) for arms in every])
    np.testing.assert_allclose(world.best(rates, 2), earned.max(axis=0))
    np.testing.assert_allclose(world.uniform(rates, 2), earned.mean(axis=0))
    # 200,000 decisions in one context: the mean is within six standard errors, 1e-8 or less by chance.
    arms = np.tile([2, 0], (200_000, 1))
    rewards = world.rewards(np.tile(contexts[:1], (200_000, 1)), arms, rng.random((200_000, 2)))
    expected = world.earned(rates[:1], arms[:1])[0]
    assert {*np.unique(rewards.sum(axis=1))} <= {0.0, 1.0}
    assert abs(rewards.sum(axis=1).mean() - expected) < 6 * (expected / 200_000) ** 0.5


def steps(fields, world, rounds=600, every=50):
    rng = np.random.default_rng(2)
    asked = {"rounds": rounds, "every": every, "pace_us": 1000}
    return [
        *play_contextual(
            Declaration.parse(fields), world, uniforms=lambda m, k: rng.random((m, k)), **asked
        )
    ]


def hero_world():
    declaration = Declaration.parse(HERO)
    rng, encoder = np.random.default_rng(4), encoder_of(declaration)
    weights, contexts = rng.normal(size=encoder.joint_width), rng.integers(0, 2, (50, 1))
    told = [*listed(declaration).values()]
    kin = kinship(encoder, told, weights, contexts.astype(np.float64)).times(2.0)
    return LogisticWorld(kin.coefficients, kin.offsets)


def test_a_policy_learns_the_best_combination_in_each_context():
    found = steps(HERO, hero_world())
    lost = [step.lost.sum() for step in found]
    assert sum(lost[-4:]) < 0.3 * sum(lost[:4])
    assert 0.7 < found[-1].evaluability.best <= 1
    assert all(np.all(step.lost >= 0) for step in found)


def test_an_even_log_of_combinations_is_worth_most():
    uniform = {**HERO, "policy": {"explorer": "uniform"}}
    last = steps(uniform, hero_world(), rounds=50)[-1].evaluability
    assert last.effective == pytest.approx(1)
    assert last.best == pytest.approx(1 / 5)
    drawn = {**HERO, "policy": {"explorer": {"kind": "thompson", "draws": 9}}}
    assert 0 < steps(drawn, hero_world())[-1].evaluability.effective < 1


def test_a_cascade_in_contexts_is_learnt():
    rng = np.random.default_rng(5)
    world = ContextualCascadeWorld(2 * rng.normal(size=(6, 3)), np.full(6, -2.0))
    fields = {
        "name": "page",
        "seed": 3,
        "arms": [f"a{number}" for number in range(6)],
        "layout": {"kind": "cascade", "size": 2},
        "context": 3,
        "policy": {"belief": "logistic"},
    }
    found = steps(fields, world, rounds=1_000)
    uniform = np.mean([step.best.mean() - step.uniform for step in found])
    assert np.mean([step.lost.mean() for step in found[-4:]]) < 0.2 * uniform
    assert all(step.truth is None and step.earned.max() <= 1 for step in found)


def test_the_world_may_have_columns_that_a_policy_does_not_see():
    """A declaration without the crosses is played in the world of one that has them."""
    blind = {**HERO, "interactions": []}
    world, rng = hero_world(), np.random.default_rng(2)
    found = [
        *play_contextual(
            Declaration.parse(blind),
            world,
            rounds=600,
            every=50,
            uniforms=lambda m, k: rng.random((m, k)),
            pace_us=1000,
            encoder=encoder_of(Declaration.parse(HERO)),
        )
    ]
    seen = steps(HERO, world)
    assert [step.best.sum() for step in found] == [step.best.sum() for step in seen]


def test_many_rounds_between_two_learnings_are_several_steps(monkeypatch):
    """As many as fit into memory; nothing is learnt between them."""
    whole = steps(HERO, hero_world(), rounds=300, every=150)
    monkeypatch.setattr("tamesu.sim.contextual_play.CELLS", 250)  # five combinations: 50 rounds
    parts = steps(HERO, hero_world(), rounds=300, every=150)
    assert [step.first for step in whole] == [0, 150]
    assert [step.first for step in parts] == [0, 50, 100, 150, 200, 250]
    assert {len(step.lost) for step in parts} == {50}
    assert sum(step.lost.sum() for step in parts[3:]) < sum(step.lost.sum() for step in parts[:3])
