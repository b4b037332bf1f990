"""A prepared policy chooses: by id, among the eligible, and says with what probability."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from tamesu.base import GRID, Declaration, InvalidInput, NotFound, Time
from tamesu.policy import Batch, Policy, compose
from tamesu.policy.eligibility import MOST_SETS
from tamesu.policy.layouts.slate import SlateLayout

NOW = Time(0)
ARMS = ("a", "b", "c", "d")


def policy_of(**fields):
    return compose(Declaration.parse({"name": "one", "arms": ARMS, "seed": 1, **fields}))


def taught(policy, rows):
    n = len(rows)
    batch = Batch(
        arm=np.array([arm for arm, _ in rows], dtype=object),
        reward=np.array([reward * GRID for _, reward in rows], dtype=np.int64),
        position=np.zeros(n, np.int64),
        propensity=np.ones(n),
        decided=np.zeros(n, np.int64),
    )
    return policy.absorb(policy.init(), policy.evidence(policy.init(), batch))


def prepared_of(rows=(), arms=ARMS, **fields):
    policy = policy_of(**fields)
    return policy.prepare(taught(policy, list(rows)), arms, NOW)


def test_the_same_id_is_the_same_choice():
    first, again = prepared_of(), prepared_of()
    ids = [f"one.1.{i}" for i in range(50)]
    assert [first.choose(i) for i in ids] == [again.choose(i) for i in ids]
    assert len({first.choose(i).arms for i in ids}) == len(ARMS)


def test_the_seed_matters():
    a = prepared_of(seed=1)
    b = prepared_of(seed=2)
    ids = [f"one.1.{i}" for i in range(50)]
    assert [a.choose(i).arms for i in ids] != [b.choose(i).arms for i in ids]


def test_a_score_is_the_expected_reward():
    prepared = prepared_of([("a", 1), ("a", 1)])
    scores = {
        choice.arms[0]: choice.scores[0]
        for choice in (prepared.choose(f"one.1.{i}") for i in range(60))
    }
    assert scores == pytest.approx({"a": 0.75, "b": 0.5, "c": 0.5, "d": 0.5})


def test_exact_propensities_need_no_draws():
    assert prepared_of().choose("one.1.x").draws is None


def test_only_eligible_arms_are_chosen_and_the_rest_has_propensity_zero():
    prepared = prepared_of()
    assert prepared.propensities(["d", "b"]) == pytest.approx([0, 0.5, 0, 0.5])
    assert {prepared.choose(f"one.1.{i}", ["d", "b"]).arms for i in range(30)} == {("b",), ("d",)}


def test_the_order_of_eligible_changes_nothing():
    prepared = prepared_of([("a", 1), ("b", 0)])
    for i in range(20):
        assert prepared.choose(f"one.1.{i}", ["a", "b", "d"]) == prepared.choose(
            f"one.1.{i}", ["d", "a", "b"]
        )


@pytest.mark.parametrize(
    ("eligible", "error", "message"),
    [
        ([], InvalidInput, "eligible must name at least one arm, got none"),
        (["a", "b", "a"], InvalidInput, "got 'a' twice"),
        (["a", "z"], NotFound, "no such arm: 'z'"),
        ("ab", InvalidInput, "must be a list of arm ids"),
    ],
)
def test_an_eligible_set_that_cannot_be_is_refused(eligible, error, message):
    prepared = prepared_of()
    for call in (prepared.propensities, lambda e: prepared.choose("one.1.x", e)):
        with pytest.raises(error, match=message):
            call(eligible)


def test_no_active_arm_is_refused_when_asked_not_before():
    prepared = prepared_of(arms=())
    with pytest.raises(InvalidInput, match="at least one arm must be active"):
        prepared.choose("one.1.x")
    assert prepared.least == 0


def test_one_arm_is_certain():
    choice = prepared_of(arms=("c",)).choose("one.1.x")
    assert (choice.arms, choice.propensities) == (("c",), (1.0,))


def test_explore_is_a_share_of_the_eligible():
    rows = [("a", 1)] * 50 + [("b", 0)] * 50 + [("c", 0)] * 50
    without = prepared_of(rows)
    explorer = {"kind": "thompson", "explore": 0.2}
    with_ = prepared_of(rows, policy={"explorer": explorer})
    for eligible in (None, ["a", "b", "c"], ["b"]):
        n = len(ARMS) if eligible is None else len(eligible)
        mask = np.isin(ARMS, ARMS if eligible is None else eligible)
        expected = (0.8 * without.propensities(eligible) + 0.2 / n) * mask
        assert with_.propensities(eligible) == pytest.approx(expected, abs=1e-12)
    assert with_.least == pytest.approx(0.05)
    assert without.least == 0


def test_uniform_forgets_what_it_learnt():
    prepared = prepared_of([("a", 1)] * 50, policy={"explorer": "uniform"})
    assert prepared.propensities() == pytest.approx([0.25] * 4)


def test_arms_come_go_and_come_back():
    policy = policy_of()
    state = taught(policy, [("a", 1)] * 5 + [("new", 0)] * 3)
    for arms in (("a", "b"), ("b", "never-seen"), ("new", "a")):
        means = [row.mean for row in policy.summary(state, arms, NOW)]
        known = {"a": 6 / 7, "b": 0.5, "never-seen": 0.5, "new": 0.2}
        assert means == pytest.approx([known[arm] for arm in arms])


def test_many_choices_are_one_by_one():
    ids = [f"one.1.{i}" for i in range(200)]
    for layout in ("single", {"kind": "slate", "size": 2}):
        prepared = prepared_of([("a", 1), ("b", 0)], layout=layout)
        for eligible in (None, ["a", "d", "b"], ["d"]):
            many = prepared.choose_many(ids, eligible)
            one_by_one = [prepared.choose(i, eligible) for i in ids]
            named = [tuple(ARMS[row] for row in rows) for rows in many.rows]
            assert named == [choice.arms for choice in one_by_one]
            assert [tuple(p) for p in many.propensities] == [c.propensities for c in one_by_one]
    assert prepared.choose_many([]).rows.shape == (0, 2)


def test_a_slate_holds_distinct_arms_and_all_there_are():
    prepared = prepared_of(layout={"kind": "slate", "size": 3})
    for i in range(30):
        choice = prepared.choose(f"one.1.{i}")
        assert len(set(choice.arms)) == 3
        fewer = prepared.choose(f"one.1.{i}", ["b", "c"])
        assert sorted(fewer.arms) == ["b", "c"]
        assert fewer.propensities[1] == 1.0


def test_a_slate_draws_from_the_distribution_over_what_remains():
    rows = [("a", 1)] * 9 + [("b", 1)] * 3 + [("c", 0)] * 9
    layout = {"kind": "slate", "size": 4}
    prepared = prepared_of(
        rows, layout=layout, policy={"explorer": {"kind": "thompson", "explore": 0.1}}
    )
    for i in range(30):
        choice = prepared.choose(f"one.1.{i}")
        left = list(ARMS)
        for arm, propensity in zip(choice.arms, choice.propensities, strict=True):
            vector = prepared.propensities(left)
            assert propensity == vector[ARMS.index(arm)]
            assert propensity >= 0.1 / len(left)
            left.remove(arm)


def test_the_memory_of_eligible_sets_is_bounded():
    arms = tuple(f"arm-{i}" for i in range(16))
    prepared = prepared_of(arms=arms, policy={"explorer": "uniform"})
    rng = np.random.default_rng(3)
    for i in range(MOST_SETS + 50):
        prepared.choose(f"one.1.{i}", [arms[j] for j in rng.permutation(16)[:9]])
    assert len(prepared._eligible._sets) <= MOST_SETS
    maker = prepared._typical.memories[0]
    maker._most = 8
    for row in range(16):
        prepared.propensities([arms[row]])
    assert len(maker._memory) <= 8


def test_many_threads_choose_what_one_would():
    """Sixteen arms in slates of four: the threads compute the same conditionals side by side."""
    arms = tuple(f"arm-{i}" for i in range(16))
    rows = [(arm, i % 3 == 0) for i, arm in enumerate(arms) for _ in range(i)]
    fields = {"arms": arms, "layout": {"kind": "slate", "size": 4}}
    policy = policy_of(**fields)
    state = taught(policy, rows)
    ids = [f"one.1.{i}" for i in range(400)]
    alone = policy.prepare(state, arms, NOW)
    expected = [alone.choose(i) for i in ids]
    shared = policy.prepare(state, arms, NOW)
    for maker in shared._typical.memories:
        maker._most = 64  # so that memories are dropped under way too
    with ThreadPoolExecutor(4) as pool:
        runs = [pool.submit(lambda: [shared.choose(i) for i in ids]) for _ in range(4)]
        assert all(run.result() == expected for run in runs)


class OneDraw:
    """An explorer that draws: all on the arm that the decision's first draw falls on."""

    explore = 0.0
    families = None

    def draws(self, marginals):
        return 1

    def over(self, marginals):
        def propensities(rows, uniforms):
            mean = marginals.take(rows).family.mean()
            return (np.arange(len(rows)) == int(uniforms(1 << 32) * len(mean))).astype(float)

        return propensities


def test_an_explorer_that_draws_is_asked_for_each_decision():
    base = policy_of()
    declaration, belief = base.declaration, base._beliefs[0]
    policy = Policy(declaration, belief, OneDraw(), SlateLayout(2), base.encoder)
    prepared = policy.prepare(policy.init(), ARMS, NOW)
    choices = [prepared.choose(f"one.1.{i}") for i in range(40)]
    assert {choice.arms[0] for choice in choices} == set(ARMS)
    assert {(choice.propensities, choice.draws) for choice in choices} == {((1.0, 1.0), 1)}
    vector = prepared.propensities(decision_id="one.1.3")
    assert vector[ARMS.index(choices[3].arms[0])] == 1.0
    often = prepared.propensities()
    assert often.sum() == pytest.approx(1.0, abs=1e-12)
    assert np.unique(often * 16 % 1).tolist() == [0.0], "the mean over 16 decisions"
