"""What nobody looked at is no failure: slates whose examination by position is known."""

from __future__ import annotations

import numpy as np
import pytest

import tamesu
from tamesu.base import GRID, Declaration, InvalidDeclaration, InvalidInput
from tamesu.policy import Batch, compose
from tamesu.train import keeps_state

LOOKED = [1.0, 0.5, 0.2]


def declared(examination=LOOKED, size=3, **fields):
    layout = {"kind": "slate", "size": size}
    if examination is not None:
        layout["examination"] = examination
    return Declaration.parse(
        {"name": "x", "arms": list("abcd"), "layout": layout, "seed": 3, **fields}
    )


def batch(rng, n, clicks=0.1, sign=None):
    return Batch(
        arm=rng.choice(list("abcd"), n).astype(object),
        reward=(rng.random(n) < clicks) * GRID,
        position=rng.integers(0, 3, n),
        propensity=np.ones(n),
        decided=np.zeros(n, np.int64),
        decision_id=np.array([f"x.1.{number}" for number in range(n)], dtype=object),
        sign=sign,
    )


def learnt(policy, state):
    return {arm.arm: arm.observations for arm in policy.summary(state, list("abcd"), 0)}


def test_every_click_teaches_and_so_many_of_the_others_as_looked():
    """Of 30,000 without a click within five deviations: a false alarm in a million."""
    policy, rows = compose(declared()), batch(np.random.default_rng(1), 30_000)
    state = policy.absorb(policy.init(), policy.evidence(policy.init(), rows))
    open_ = np.bincount(rows.position[rows.reward == 0], minlength=3)
    expected = int((rows.reward > 0).sum()) + open_ @ LOOKED
    spread = np.sqrt(open_ @ (np.array(LOOKED) * (1 - np.array(LOOKED))))
    assert abs(sum(learnt(policy, state).values()) - expected) < 5 * spread
    (part,) = state.parts
    assert part.per_arm["successes"].sum() == (rows.reward > 0).sum()


def test_what_was_taught_is_taken_back_whenever():
    policy, rng = compose(declared()), np.random.default_rng(2)
    rows = batch(rng, 400)
    taken = Batch(
        rows.arm,
        rows.reward,
        rows.position,
        rows.propensity,
        rows.decided,
        decision_id=rows.decision_id,
        sign=np.full(400, -1),
    )
    once = policy.absorb(policy.init(), policy.evidence(policy.init(), rows))
    none = policy.absorb(once, policy.evidence(once, taken.take(rng.permutation(400) < 400)))
    assert set(learnt(policy, none).values()) == {0}
    halves = [np.arange(400) < 150, np.arange(400) >= 150]
    state = policy.init()
    for half in halves:
        state = policy.absorb(state, policy.evidence(state, rows.take(half)))
    assert policy.encode(state) == policy.encode(once)


def test_an_arm_that_stands_low_is_known_as_one_that_stands_high():
    """Arms of one rate, each always at its own position; five deviations: a false alarm in a million."""
    rate, n = 0.06, 40_000
    rng = np.random.default_rng(3)
    rows = Batch(
        arm=np.tile(np.array(list("abc"), dtype=object), n),
        reward=(rng.random(3 * n) < rate * np.tile(LOOKED, n)) * GRID,
        position=np.tile(np.arange(3), n),
        propensity=np.ones(3 * n),
        decided=np.zeros(3 * n, np.int64),
        decision_id=np.repeat(np.array([f"x.1.{i}" for i in range(n)], dtype=object), 3),
    )
    for examination, alike in ((LOOKED, True), (None, False)):
        policy = compose(declared(examination))
        state = policy.absorb(policy.init(), policy.evidence(policy.init(), rows))
        means = policy.means(state, list("abc"), 0)[0]
        seen = rate / (1 + rate * (1 - np.array(LOOKED)))
        spread = np.sqrt(seen * (1 - seen) / (n * np.array(LOOKED)))
        assert bool(np.all(np.abs(means - seen) < 5 * spread)) is alike


def test_in_memory_as_anywhere():
    bandit = tamesu.Bandit(
        arms=range(4), layout={"kind": "slate", "size": 2, "examination": [1, 1e-6]}, seed=1
    )
    made = bandit.decide_many(n=100)
    bandit.learn_many(made, np.zeros((100, 2)))
    known = {arm.arm: arm.observations for arm in bandit.report().arms}
    assert known == {arm: int((made.arms[:, 0] == arm).sum()) for arm in range(4)}
    with pytest.raises(InvalidInput, match="only decisions can be learnt"):
        bandit.learn_logged([0], [0.0], positions=[1])


@pytest.mark.parametrize("examination", [[1, 0.5], [1, 0.5, 0], [1, 0.5, 1.1], [1, 0.5, -1], []])
def test_what_is_no_examination_is_refused(examination):
    with pytest.raises(InvalidDeclaration, match=r"3 numbers in \(0, 1\]"):
        compose(declared(examination))


@pytest.mark.parametrize(
    ("other", "keeps"),
    [
        (declared(), True),
        (declared([1.0, 0.5, 0.1]), False),
        (declared(None), False),
        (declared(reward={"default": 0.5}, policy={"belief": "gaussian"}), False),
    ],
)
def test_what_was_left_out_is_left_out_of_a_new_declaration_too(other, keeps):
    assert keeps_state(declared(), other) is keeps
