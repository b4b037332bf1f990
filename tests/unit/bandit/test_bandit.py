"""The in-memory face: what people see, and what they are told when it cannot be."""

from __future__ import annotations

import numpy as np
import pytest

import tamesu
from tamesu.base import (
    Conflict,
    InvalidInput,
    NotFound,
    ShapeMismatch,
    parse_decision_id,
)


def bandit_of(**fields):
    return tamesu.Bandit(**{"arms": ["a", "b", "c"], "seed": 7, **fields})


# Deciding -----------------------------------------------------------------------------------------


def test_three_lines_to_a_first_decision():
    bandit = tamesu.Bandit(arms=["a", "b", "c"], seed=7)
    d = bandit.decide()
    bandit.learn(d, reward=1.0)
    assert d.arm in {"a", "b", "c"}
    assert d.propensity == pytest.approx(1 / 3)
    assert bandit.propensities()["abc".index(d.arm)] > 0.4
    assert parse_decision_id(d.decision_id).bandit == "bandit"


def test_same_seed_same_calls_same_ids():
    def played(seed):
        bandit = bandit_of(seed=seed)
        seen = []
        for i in range(30):
            d = bandit.decide(eligible=["a", "c"] if i % 3 else None)
            bandit.learn(d, reward=i % 2)
            seen.append((d, bandit.decide_many(n=2).decision_ids))
        return seen, bandit.to_bytes()

    assert played(7) == played(7)
    assert played(7) != played(8)


def test_without_a_seed_bandits_differ():
    seeds = {tamesu.Bandit(arms=["a"]).declaration.seed for _ in range(5)}
    assert len(seeds) == 5


def test_ids_are_unique_and_in_order():
    bandit = bandit_of()
    ids = [bandit.decide().decision_id, *bandit.decide_many(n=5000), bandit.decide().decision_id]
    assert len(set(ids)) == 5002
    assert ids == sorted(ids)


def test_whole_numbers_come_back_as_whole_numbers():
    bandit = tamesu.Bandit(arms=range(5), seed=1)
    assert bandit.arms == (0, 1, 2, 3, 4)
    assert isinstance(bandit.decide().arm, int)
    assert bandit.decide(eligible=[3]).arm == 3
    assert bandit.decide(eligible=np.array([3])).arm == 3
    ds = bandit.decide_many(n=4)
    assert ds.arms.dtype == np.int64
    assert {type(row.arm) for row in bandit.summary()} == {int}
    numbers = tamesu.Bandit(arms=np.arange(3), seed=1)
    assert numbers.arms == (0, 1, 2)
    assert all(type(arm) is int for arm in numbers.arms)


def test_texts_and_numbers_may_mix():
    bandit = tamesu.Bandit(arms=["a", 2], seed=1)
    assert bandit.arms == ("a", 2)
    assert set(bandit.decide_many(n=50).arms.tolist()) == {"a", 2}
    bandit.learn_logged(["a", 2], [1, 0])
    assert [row.mean for row in bandit.summary()] == pytest.approx([2 / 3, 1 / 3])


def test_many_decisions_are_one_by_one():
    for fields in ({}, {"layout": "slate", "size": 2}):
        one, many = bandit_of(**fields), bandit_of(**fields)
        each = [one.decide() for _ in range(50)]
        ds = many.decide_many(n=50)
        assert list(ds) == [d.decision_id for d in each]
        assert len(ds) == 50
        got = ds.arms.reshape(50, -1).tolist()
        assert got == [list(d.arms) for d in each]
        assert ds.propensities.reshape(50, -1).tolist() == [list(d.propensities) for d in each]
        assert one.to_bytes() == many.to_bytes()


def test_no_decisions_are_many_decisions():
    for fields in ({}, {"layout": "slate", "size": 2}):
        bandit = bandit_of(**fields)
        ds = bandit.decide_many(n=0)
        bandit.learn_many(ds, np.zeros(ds.arms.shape))
        assert len(ds) == 0
    with pytest.raises(InvalidInput, match="n must say how many"):
        bandit.decide_many()


def test_a_slate_and_its_deliveries():
    bandit = tamesu.Bandit(arms=range(20), layout="slate", size=3, seed=2)
    d = bandit.decide(eligible=range(10))
    assert len(set(d.arms)) == len(d.propensities) == 3
    assert set(d.arms) <= set(range(10))
    assert [x.position for x in d.deliveries] == [0, 1, 2]
    assert [x.arm for x in d.deliveries] == list(d.arms)
    assert [x.propensity for x in d.deliveries] == pytest.approx([1 / 10, 1 / 9, 1 / 8])
    assert [x.score for x in d.deliveries] == [0.5] * 3
    with pytest.raises(AttributeError, match="use 'arms'"):
        _ = d.arm
    with pytest.raises(AttributeError, match="use 'propensities'"):
        _ = d.propensity
    assert len(bandit.decide(eligible=[4, 5]).arms) == 2


@pytest.mark.parametrize(
    ("eligible", "error"),
    [
        ([], InvalidInput),
        (["a", "a"], InvalidInput),
        (["z"], NotFound),
        ("abc", InvalidInput),
        (3, InvalidInput),
    ],
)
def test_an_eligible_set_that_cannot_be_makes_no_decision(eligible, error):
    bandit, other = bandit_of(), bandit_of()
    with pytest.raises(error):
        bandit.decide(eligible=eligible)
    with pytest.raises(error):
        bandit.decide_many(n=3, eligible=eligible)
    assert bandit.decide() == other.decide()


@pytest.mark.parametrize("n", [None, -1, 2.5, "3"])
def test_how_many_decisions_is_a_whole_number(n):
    bandit, other = bandit_of(), bandit_of()
    with pytest.raises(InvalidInput, match="n must say how many decisions"):
        bandit.decide_many(n=n)
    assert bandit.decide() == other.decide()


def test_a_context_free_bandit_takes_no_context():
    bandit = bandit_of()
    for call in (bandit.decide, bandit.decide_many, bandit.propensities):
        with pytest.raises(InvalidInput, match="context-free"):
            call([1.0, 2.0])


def test_explore_and_explorer_are_flattened():
    assert bandit_of(explorer="uniform").propensities() == pytest.approx([1 / 3] * 3)
    bandit = bandit_of(explore=0.3)
    bandit.learn_logged(["a"] * 200 + ["b", "c"] * 200, [1] * 200 + [0] * 400)
    assert bandit.propensities() == pytest.approx([0.8, 0.1, 0.1], abs=1e-6)
    assert bandit_of(explorer={"kind": "thompson", "explore": 0.3}).declaration.explorer == (
        bandit.declaration.explorer
    )


def test_a_newcomer_beside_mature_arms_has_its_share_and_no_more():
    bandit = bandit_of(newcomer={"share": 0.1, "until": 50})
    bandit.learn_logged(["a", "b", "c"] * 200, [0] * 600)
    bandit.add_arm("d")
    assert bandit.propensities() == pytest.approx([0.3, 0.3, 0.3, 0.1])
    assert (
        bandit_of().declaration.newcomer is bandit_of(newcomer="off").declaration.newcomer is None
    )


@pytest.mark.parametrize(
    ("fields", "message", "hint"),
    [
        ({"contxt": 3}, "unknown field 'contxt'", "did you mean 'context'?"),
        ({"context": "hour"}, "context must be a number of features or a mapping", "hour"),
        ({"newcomer": {"share": 2}}, "newcomer.share must lie between 0 and 1, got 2", ""),
        ({"explorr": "uniform"}, "unknown field 'explorr' in Bandit(...)", "'explorer'"),
        ({"belief": "gausian"}, "unknown belief 'gausian'", ""),
        ({"layout": "slate"}, "missing required field `size`", ""),
        ({"size": 2}, "unknown field 'size' in layout (single)", ""),
        ({"layout": {"kind": "slate", "size": 2}, "size": 3}, "size must be given once", ""),
        ({"arms": "abc"}, "arms must be a list of ids, got str", 'arms=["a"'),
        ({"arms": {"a", "b"}}, "arms must be a list of ids, got set", 'arms=["a"'),
        ({"arms": []}, "1 to 100,000 ids, got 0", ""),
        ({"arms": ["1", 1]}, "unique, got 1 twice", ""),
        ({"arms": [True]}, "got bool", ""),
        ({"seed": -1}, "seed must lie in", ""),
        ({"explore": 1.5}, "[0, 1), got 1.5", ""),
    ],
)
def test_what_cannot_be_is_refused_with_the_close_match(fields, message, hint):
    with pytest.raises(InvalidInput) as caught:
        bandit_of(**fields)
    assert message in caught.value.message
    assert hint in caught.value.hint


# Learning -----------------------------------------------------------------------------------------


def test_learning_is_the_posterior():
    bandit = bandit_of(belief={"kind": "beta", "prior": [1, 9]})
    for reward in (1, 0.0, True, np.float64(0)):
        d = bandit.decide(eligible=["b"])
        bandit.learn(d, reward=reward)
    rows = {row.arm: row for row in bandit.summary()}
    assert rows["b"].mean == pytest.approx(3 / 14)
    assert rows["b"].observations == 4
    assert rows["a"].mean == pytest.approx(0.1)
    assert sum(row.share for row in rows.values()) == pytest.approx(1)


def test_learning_many_is_learning_each():
    for fields in ({}, {"layout": "slate", "size": 2}):
        one, many = bandit_of(**fields), bandit_of(**fields)
        ds = many.decide_many(n=40)
        rng = np.random.default_rng(0)
        rewards = rng.integers(0, 2, ds.arms.shape).astype(float)
        each = [one.decide() for _ in range(40)]
        many.learn_many(ds, rewards)
        listed = bandit_of(**fields)
        listed.learn_many([listed.decide() for _ in range(40)], rewards)
        assert listed.to_bytes() == many.to_bytes()
        for d, row in zip(each, rewards.reshape(40, -1).tolist(), strict=True):
            one.learn(d, rewards=row)
        assert one.to_bytes() == many.to_bytes()


def test_a_position_that_nobody_saw_teaches_nothing():
    bandit = bandit_of(layout="slate", size=3)
    first = bandit.decide()
    bandit.learn(first, rewards=[0.0, 1.0, None])
    seen = {row.arm: row.observations for row in bandit.summary()}
    assert [seen[arm] for arm in first.arms] == [1, 1, 0]
    bandit.learn(bandit.decide(), rewards=[None, None, None])
    ds = bandit.decide_many(n=2)
    bandit.learn_many(ds, [[None, 0, 0], [np.nan, np.nan, 1]])
    assert sum(row.observations for row in bandit.summary()) == 5


def test_decisions_learnt_together_deliver_equally_many_arms():
    bandit = bandit_of(layout="slate", size=2)
    ds = [bandit.decide(), bandit.decide(eligible=["a"])]
    with pytest.raises(ShapeMismatch, match=r"equally many arms, got \[1, 2\]"):
        bandit.learn_many(ds, [[1, 0], [1, 0]])
    bandit.learn_many([], [])
    assert sum(row.observations for row in bandit.summary()) == 0


def test_a_decision_is_learnt_once():
    bandit = bandit_of()
    d, ds = bandit.decide(), bandit.decide_many(n=3)
    bandit.learn(d, reward=1)
    bandit.learn_many(ds, [0, 1, 0])
    before = bandit.to_bytes()
    with pytest.raises(Conflict, match="learnt already"):
        bandit.learn(d, reward=1)
    with pytest.raises(Conflict, match="learnt already"):
        bandit.learn_many(ds, [0, 1, 0])
    restored = tamesu.Bandit.from_bytes(before)
    with pytest.raises(Conflict, match="learnt already"):
        restored.learn(d, reward=1)
    assert bandit.to_bytes() == before


def test_decisions_may_be_learnt_late_and_in_any_order():
    bandit = bandit_of()
    decisions = [bandit.decide() for _ in range(5)]
    bandit.learn(decisions[3], reward=1)
    bandit.learn(decisions[0], reward=0)
    restored = tamesu.Bandit.from_bytes(bandit.to_bytes())
    restored.learn(decisions[4], reward=1)
    assert sum(row.observations for row in restored.summary()) == 3


def test_a_foreign_decision_is_refused():
    bandit, other = bandit_of(seed=1), bandit_of(seed=2)
    bandit.decide()
    foreign = other.decide()
    with pytest.raises(InvalidInput, match="not made by this bandit"):
        bandit.learn(foreign, reward=1)
    with pytest.raises(InvalidInput, match="not made by this bandit"):
        bandit_of(seed=2).learn(foreign, reward=1)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda b: b.learn(b.decide()), InvalidInput, "either reward=... or rewards="),
        (lambda b: b.learn(b.decide(), 1, [1]), InvalidInput, "reward=... or rewards="),
        (lambda b: b.learn(b.decide(), reward=0.5), InvalidInput, "0 and 1, got 0.5"),
        (lambda b: b.learn(b.decide(), reward=float("nan")), InvalidInput, "got NaN"),
        (lambda b: b.learn(b.decide(), reward=float("inf")), InvalidInput, "finite"),
        (lambda b: b.learn(b.decide(), reward=-1e13), InvalidInput, "must lie within"),
        (lambda b: b.learn(b.decide(), reward=10**400), InvalidInput, "int too large"),
        (
            lambda b: b.learn_logged(["a"], [1], ages=[10**400]),
            InvalidInput,
            "ages must be numbers",
        ),
        (lambda b: b.learn(b.decide(), reward="yes"), InvalidInput, "rewards must be numbers"),
        (lambda b: b.learn(b.decide(), rewards=[1, 0]), ShapeMismatch, r"\(1,\), got \(2,\)"),
        (lambda b: b.learn(b.decide_many(n=1), 1), InvalidInput, "decide gave, got Decisions"),
        (lambda b: b.learn_many([b.decide()], [1, 0, 1]), ShapeMismatch, r"got \(3,\)"),
        (lambda b: b.learn_many(b.decide(), [1]), InvalidInput, "decide_many gave, got Decision"),
        (lambda b: b.learn_many([b.decide(), "d"], [1, 0]), InvalidInput, "decide gave, got str"),
        (lambda b: b.learn_many([b.decide()] * 2, [1, 0]), Conflict, "twice in a batch"),
        (lambda b: b.learn_many(b.decide_many(n=2), [1]), ShapeMismatch, r"\(2,\), got \(1,\)"),
        (lambda b: b.learn_many(b.decide_many(n=2), [1, None]), InvalidInput, "got NaN or none"),
        (lambda b: b.learn_many(b.decide_many(n=2), [1, 2]), InvalidInput, "got 2 for arm"),
        (lambda b: b.learn_logged(["a", "b"], [1]), ShapeMismatch, "got"),
        (lambda b: b.learn_logged(["a"], [1], propensities=[1, 1]), ShapeMismatch, "propensities"),
        (lambda b: b.learn_logged(["a"], [1], propensities=[0]), InvalidInput, r"\(0, 1\]"),
        (lambda b: b.learn_logged(["a"], [1], contexts=[[1]]), InvalidInput, "context-free"),
        (lambda b: b.learn_logged(["a"], [None]), InvalidInput, "rewards of logged decisions"),
        (lambda b: b.learn_logged([["a"]], [[1]]), ShapeMismatch, r"arms must be \(n,\)"),
        (lambda b: b.learn_logged(["a", "z"], [1, 1]), NotFound, "no such arm: 'z'"),
    ],
)
def test_what_cannot_be_learnt_teaches_nothing(call, error, message):
    bandit = bandit_of()
    with pytest.raises(error, match=message):
        call(bandit)
    assert [row.observations for row in bandit.summary()] == [0, 0, 0]


def test_logs_of_another_system_teach_too():
    bandit = bandit_of()
    bandit.learn_logged(["a", "b", "a"], [1, 0, 1], propensities=[0.5, 0.5, 0.2])
    bandit.learn_logged([], [])
    assert [row.mean for row in bandit.summary()] == pytest.approx([3 / 4, 1 / 3, 1 / 2])


@pytest.mark.parametrize("n", [0, 1, 500])
def test_whole_numbers_in_a_log_are_the_arms_that_their_texts_are(n):
    rng = np.random.default_rng(n)
    arms, rewards = rng.permutation(12)[rng.integers(0, 12, n)], rng.integers(0, 2, n)
    numbers, texts = (tamesu.Bandit(arms=range(12), seed=7) for _ in range(2))
    numbers.learn_logged(arms, rewards)
    texts.learn_logged(arms.tolist(), rewards)
    assert numbers.to_bytes() == texts.to_bytes()
    counted = [row.observations for row in numbers.summary()]
    assert counted == np.bincount(arms, minlength=12).tolist()
