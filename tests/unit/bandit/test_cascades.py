"""A cascade in memory: what follows the first click is ignored."""

from __future__ import annotations

import numpy as np
import pytest

import tamesu


def cascade(**fields):
    return tamesu.Bandit(arms=list("abcd"), layout="cascade", size=3, seed=5, **fields)


def observed(bandit):
    return {arm.arm: arm.observations for arm in bandit.report().arms}


@pytest.mark.parametrize(
    ("rewards", "learnt"),
    [
        ([0, 1, None], 2),
        ([0, 1, 1], 2),
        ([1, 0, 1], 1),
        ([0, 0, 0], 3),
        ([None, 1, 0], 1),
        ([0, None, 0], 2),
    ],
)
def test_down_to_the_first_click_and_no_further(rewards, learnt):
    bandit = cascade()
    made = bandit.decide()
    bandit.learn(made, rewards=rewards)
    known = observed(bandit)
    assert sum(known.values()) == learnt
    click = rewards.index(1) if 1 in rewards else 2
    taught = [arm for arm, one in zip(made.arms, rewards, strict=True) if one is not None]
    assert {arm for arm, n in known.items() if n} == set(taught) & set(made.arms[: click + 1])


@pytest.mark.parametrize(
    "fields", [{"belief": "beta"}, {"belief": "gaussian", "reward": {"range": [0, 1]}}]
)
def test_many_as_one_by_one(fields):
    one, many = cascade(**fields), cascade(**fields)
    decisions = many.decide_many(n=200)
    rewards = np.random.default_rng(1).random((200, 3)) < 0.3
    many.learn_many(decisions, rewards)
    singles = [one.decide() for _ in range(200)]
    for made, row in zip(singles, rewards, strict=True):
        one.learn(made, rewards=[float(value) for value in row])
    assert sum(observed(many).values()) == sum(
        1 + min(2, np.argmax(row) if row.any() else 2) for row in rewards
    )
    assert one.propensities() == pytest.approx(many.propensities(), abs=1e-12)


def test_with_a_context_as_without():
    bandit = cascade(context=2, belief="linear")
    made = bandit.decide([0.5, -1.0])
    bandit.learn(made, rewards=[0, 1, 1])
    assert sum(observed(bandit).values()) == 2
    assert len(set(bandit.decide([0.5, -1.0]).arms)) == 3


def test_it_finds_the_best_of_who_was_looked_at():
    """Three of eight attract two in five, the others one in twenty; 600 visitors."""
    bandit = tamesu.Bandit(arms=range(8), layout="cascade", size=3, seed=3)
    rng = np.random.default_rng(2)
    rates = np.array([0.4] * 3 + [0.05] * 5)
    for _ in range(30):
        made = bandit.decide_many(n=20)
        bandit.learn_many(made, (rng.random((20, 3)) < rates[made.arms]).astype(float))
    placed = bandit.decide_many(n=200).arms
    assert (placed < 3).mean() > 0.9


@pytest.mark.parametrize("belief", ["linear", "logistic"])
def test_it_finds_who_suits_a_context(belief):
    """Half of the arms attract where the context is 1, half where it is -1; what is below a click is unseen."""
    bandit = tamesu.Bandit(
        arms=range(6), layout="cascade", size=2, context=1, belief=belief, seed=3
    )
    rng = np.random.default_rng(5)
    side = np.array([1, 1, 1, -1, -1, -1])
    for _ in range(15):
        contexts = rng.choice([-1.0, 1.0], (40, 1))
        made = bandit.decide_many(contexts)
        suits = side[made.arms] == contexts
        bandit.learn_many(made, (rng.random((40, 2)) < np.where(suits, 0.4, 0.05)).astype(float))
    for context in (1.0, -1.0):
        placed = bandit.decide_many(np.full((100, 1), context)).arms
        assert (side[placed] == context).mean() > 0.9
