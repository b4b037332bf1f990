"""The layout per_position: a belief for each position, which learns there and decides there."""

from __future__ import annotations

import numpy as np
import pytest

from tamesu import Bandit
from tamesu.base import GRID, Declaration, InvalidDeclaration, InvalidInput, ShapeMismatch, Time
from tamesu.policy import Batch, compose

ARMS = ("a", "b", "c", "d")
NOW = Time(0)


def policy_of(size=3, **fields):
    layout = {"kind": "per_position", "size": size}
    return compose(
        Declaration.parse({"name": "shelf", "arms": ARMS, "seed": 1, "layout": layout, **fields})
    )


def batch_of(rows, sign=None):
    """(arm, position, reward) each."""
    n = len(rows)
    return Batch(
        arm=np.array([arm for arm, _, _ in rows], dtype=object),
        reward=np.array([reward * GRID for _, _, reward in rows], dtype=np.int64),
        position=np.array([position for _, position, _ in rows], dtype=np.int64),
        propensity=np.ones(n),
        decided=np.zeros(n, np.int64),
        sign=sign,
    )


def taught(policy, rows):
    return policy.absorb(policy.init(), policy.evidence(policy.init(), batch_of(rows)))


ROWS = [("a", 0, 1)] * 20 + [("b", 0, 0)] * 5 + [("b", 1, 1)] * 20 + [("c", 2, 1)] * 9


def test_each_belief_learns_its_own_position():
    policy = policy_of()
    told = policy.summary(taught(policy, ROWS), ARMS, NOW)
    assert [(row.position, row.arm) for row in told] == [(i, arm) for i in range(3) for arm in ARMS]
    learnt = {(row.arm, row.position): row.observations for row in told if row.observations}
    assert learnt == {("a", 0): 20, ("b", 0): 5, ("b", 1): 20, ("c", 2): 9}
    for position in range(3):
        assert sum(row.share for row in told if row.position == position) == pytest.approx(1)


def test_a_decision_is_made_by_them_from_the_top():
    policy = policy_of(policy={"explorer": {"kind": "thompson", "explore": 0.1}})
    prepared = policy.prepare(taught(policy, ROWS), ARMS, NOW)
    means = {
        (row.arm, row.position): row.mean for row in policy.summary(taught(policy, ROWS), ARMS, NOW)
    }
    seen = set()
    for i in range(60):
        choice = prepared.choose(f"shelf.1.{i}")
        left = list(ARMS)
        assert len(set(choice.arms)) == 3
        for position, arm in enumerate(choice.arms):
            vector = prepared.propensities(left, position=position)
            assert choice.propensities[position] == vector[ARMS.index(arm)] > 0
            assert choice.scores[position] == means[arm, position]
            left.remove(arm)
        seen.add(choice.arms)
    assert ("a", "b", "c") in seen
    assert len(seen) > 1


def test_many_decisions_are_each_decision():
    policy = policy_of()
    prepared = policy.prepare(taught(policy, ROWS), ARMS, NOW)
    ids = [f"shelf.1.{i}" for i in range(30)]
    many = prepared.choose_many(ids)
    for i, one in enumerate(ids):
        choice = prepared.choose(one)
        assert tuple(ARMS[row] for row in many.rows[i]) == choice.arms
        assert tuple(many.propensities[i]) == choice.propensities


def test_the_joint_propensities_of_all_orders_add_up_to_one():
    policy = policy_of(size=2)
    prepared = policy.prepare(taught(policy, ROWS[:45]), ARMS, NOW)
    total = 0.0
    for row, arm in enumerate(ARMS):
        rest = [other for other in ARMS if other != arm]
        total += prepared.propensities()[row] * prepared.propensities(rest, position=1).sum()
    assert total == pytest.approx(1, abs=1e-12)


def test_fewer_eligible_arms_than_positions_are_all_delivered():
    policy = policy_of()
    prepared = policy.prepare(taught(policy, ROWS), ARMS, NOW)
    choice = prepared.choose("shelf.1.x", ["d", "b"])
    assert sorted(choice.arms) == ["b", "d"]
    assert choice.propensities[1] == 1.0
    assert len(choice.scores) == 2
    assert prepared.choose_many(["shelf.1.x", "shelf.1.y"], ["d", "b"]).rows.shape == (2, 2)


def test_newcomers_are_counted_by_position():
    """An arm may be known at the top and new below it."""
    rows = [("a", 0, 1), ("b", 0, 0)] * 9 + [("c", 1, 0)] * 9
    newcomer = {"share": 0.1, "until": 5}
    policy = policy_of(size=2, policy={"explorer": "uniform", "newcomer": newcomer})
    prepared = policy.prepare(taught(policy, rows), ARMS, NOW)
    assert prepared.propensities(position=0) == pytest.approx([0.45, 0.45, 0.05, 0.05])
    assert prepared.propensities(position=1) == pytest.approx([0.1 / 3, 0.1 / 3, 0.9, 0.1 / 3])


def test_evidence_adds_up_can_be_taken_back_and_outlives_bytes():
    policy = policy_of()
    whole, none = policy.evidence(policy.init(), batch_of(ROWS)), policy.init()
    halves = (policy.evidence(none, batch_of(rows)) for rows in (ROWS[:30], ROWS[30:]))
    assert next(halves) + next(halves) == whole
    back = policy.evidence(none, batch_of(ROWS, sign=np.full(len(ROWS), -1)))
    assert whole + back == policy.evidence(none, batch_of([]))
    state = policy.absorb(none, whole)
    assert policy.decode(policy.encode(state)) == state
    assert len(state.parts) == 3


@pytest.mark.parametrize("position", [3, -1])
def test_a_position_that_is_not_there_is_refused(position):
    policy = policy_of()
    with pytest.raises(InvalidInput, match=f"positions 0 to 2, got {position}"):
        policy.evidence(policy.init(), batch_of([("a", 0, 1), ("a", position, 1)]))


@pytest.mark.parametrize("size", [-1, 0, 1, 5])
def test_a_size_that_cannot_be_is_refused(size):
    with pytest.raises(
        InvalidDeclaration, match=f"between 2 and the number of arms .4., got {size}"
    ):
        policy_of(size)


def test_in_memory_an_order_is_learnt():
    """Each arm is good in one position alone: no slate could tell. Seeded; learns at once."""
    bandit = Bandit(ARMS, layout="per_position", size=3, seed=4)
    for _ in range(300):
        decision = bandit.decide()
        bandit.learn(
            decision, rewards=[float(a == b) for a, b in zip(decision.arms, "bca", strict=True)]
        )
    assert bandit.decide().arms == ("b", "c", "a")
    assert bandit.propensities(position=2).argmax() == 0
    for wrong in (3, -1, 0.5, "top", None):
        with pytest.raises(InvalidInput, match=r"position must be a whole number in 0\.\.2, got"):
            bandit.propensities(position=wrong)
    again = Bandit.from_bytes(bandit.to_bytes())
    assert again.summary() == bandit.summary()
    told = bandit.explain(bandit.decide())
    assert told.same
    assert {row.position for row in told.arms} == {0, 1, 2}


def test_logs_of_another_system_must_say_the_positions():
    bandit = Bandit(ARMS, layout="per_position", size=2, seed=4)
    with pytest.raises(InvalidInput, match="must say their positions"):
        bandit.learn_logged(["a", "b"], [1, 0])
    with pytest.raises(ShapeMismatch, match=r"positions must have the shape \(2,\)"):
        bandit.learn_logged(["a", "b"], [1, 0], positions=[0])
    bandit.learn_logged(["a", "b"], [1, 0], positions=[0, 1])
    learnt = {(row.arm, row.position) for row in bandit.summary() if row.observations}
    assert learnt == {("a", 0), ("b", 1)}


def test_the_example_of_the_page():
    bandit = Bandit(["a", "b"], layout="per_position", size=2, seed=1)
    clicks = [("a", 0, 9), ("b", 0, 5), ("a", 1, 1), ("b", 1, 8)]
    arms = [arm for arm, _, _ in clicks for _ in range(10)]
    places = [position for _, position, _ in clicks for _ in range(10)]
    rewards = [float(i < clicked) for _, _, clicked in clicks for i in range(10)]
    bandit.learn_logged(arms, rewards, positions=places)
    assert bandit.propensities() == pytest.approx([0.968266, 0.031734], abs=1e-6)
    assert bandit.propensities(position=1) == pytest.approx([0.000953, 0.999047], abs=1e-6)
    assert bandit.propensities(eligible=["a"], position=1).tolist() == [1.0, 0.0]
