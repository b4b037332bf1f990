"""A bandit in memory that learns from contexts: given by name or as numbers, kept, saved and made again."""

from __future__ import annotations

import numpy as np
import pytest

import tamesu
from tamesu.base import Conflict, InvalidDeclaration, InvalidInput, ShapeMismatch

SCHEMA = {
    "device": {"type": "categorical", "values": ["ios", "web"]},
    "hour": {"type": "cyclic", "period": 24, "missing": 0},
}
NAMED = [{"device": "ios", "hour": 3}, {"device": "web"}, {"device": "web", "hour": 23.5}]


def bandit_of(**fields):
    return tamesu.Bandit(**{"arms": ["a", "b", "c"], "context": SCHEMA, "seed": 7, **fields})


def taught(bandit, n=60):
    """The same bandit after n decisions that go best with a on ios and with b elsewhere."""
    for i in range(n):
        context = NAMED[i % 3]
        d = bandit.decide(context)
        best = "a" if context["device"] == "ios" else "b"
        bandit.learn(d, reward=float(d.arm == best) + 0.01 * (i % 5))
    return bandit


def test_it_learns_what_a_context_says():
    bandit = taught(bandit_of(), 400)
    ios, web = (bandit.propensities(context) for context in NAMED[:2])
    assert ios[0] > 0.9
    assert web[1] > 0.9


@pytest.mark.parametrize("explorer", ["randomized_ucb", "thompson", "epsilon_greedy", "greedy"])
@pytest.mark.parametrize("layout", [{}, {"layout": "slate", "size": 2}])
def test_many_decisions_are_one_by_one(explorer, layout):
    """The same ids, the same arms, the same propensities: to the last bits, which a sum's order decides."""
    fields = {"explorer": explorer, "context": 4, **layout, "arms": range(9)}
    one, many = bandit_of(**fields), bandit_of(**fields)
    rng = np.random.default_rng(5)
    logged = rng.integers(9, size=300), rng.normal(size=300), rng.normal(size=(300, 4))
    for bandit in (one, many):
        bandit.learn_logged(*logged)
    contexts = rng.normal(size=(50, 4))
    singles = [one.decide(context) for context in contexts]
    columns = many.decide_many(contexts)
    assert list(columns.decision_ids) == [d.decision_id for d in singles]
    assert columns.arms.reshape(50, -1).tolist() == [list(d.arms) for d in singles]
    expected = np.array([d.propensities for d in singles])
    assert np.abs(columns.propensities.reshape(50, -1) - expected).max() <= 1e-12
    assert np.array_equal(columns.contexts, np.array([d.context for d in singles]))


def test_many_are_among_those_that_are_eligible():
    bandit = taught(bandit_of())
    made = bandit.decide_many(NAMED * 20, eligible=["c", "b"])
    assert {*made.arms.tolist()} <= {"b", "c"}
    again = [bandit.propensities(context, eligible=["b", "c"]) for context in NAMED * 20]
    rows = ["abc".index(arm) for arm in made.arms]
    assert np.allclose(made.propensities, [p[row] for p, row in zip(again, rows, strict=True)])


def test_of_no_contexts_no_decisions_are_made():
    bandit = bandit_of(context=2)
    assert len(bandit.decide_many([])) == len(bandit.decide_many(np.empty((0, 2)))) == 0
    bandit.learn_many(bandit.decide_many([]), [])


def test_learning_together_is_learning_one_by_one():
    one, many = bandit_of(explorer="uniform"), bandit_of(explorer="uniform")
    rewards = [1.0, 0.0, 0.5] * 10
    for context, reward in zip(NAMED * 10, rewards, strict=True):
        one.learn(one.decide(context), reward=reward)
    many.learn_many(many.decide_many(NAMED * 10), rewards)
    for ours, theirs in zip(one.summary(), many.summary(), strict=True):
        assert ours.observations == theirs.observations
        assert ours.mean == pytest.approx(theirs.mean, rel=1e-12)
        assert ours.low == pytest.approx(theirs.low, rel=1e-12)


def test_a_log_of_another_system_teaches_the_same_as_decisions():
    ours, logged = bandit_of(explorer="uniform"), bandit_of(explorer="uniform")
    made = ours.decide_many(NAMED * 10)
    rewards = np.arange(30) / 30
    ours.learn_many(made, rewards)
    logged.learn_logged(made.arms, rewards, contexts=NAMED * 10, propensities=made.propensities)
    for one, other in zip(ours.summary(), logged.summary(), strict=True):
        assert (one.mean, one.low, one.observations) == (other.mean, other.low, other.observations)


def test_out_of_bytes_it_goes_on_as_it_would_have():
    fields = {
        "arms": [{"id": "a", "features": {"price": 1}}, {"id": 2, "features": {"price": 9}}],
        "arm_features": {"price": {"type": "numeric", "range": [0, 10]}},
        "interactions": [["device", "price"]],
    }
    bandit = bandit_of(**fields)
    for context in NAMED * 5:
        bandit.learn(bandit.decide(context), reward=1.0)
    open_one = bandit.decide(NAMED[0])
    again = tamesu.Bandit.from_bytes(bandit.to_bytes())
    assert again.to_bytes() == bandit.to_bytes()
    assert again.declaration == bandit.declaration
    for side in (bandit, again):
        side.learn(open_one, reward=0.5)
    assert again.to_bytes() == bandit.to_bytes()
    one, other = bandit.decide(NAMED[1]), again.decide(NAMED[1])
    assert (one.arm, one.propensity, one.scores) == (other.arm, other.propensity, other.scores)
    with pytest.raises(Conflict):
        again.learn(open_one, reward=0.5)


def test_a_decision_with_a_context_is_made_again():
    bandit = bandit_of()
    decisions = []
    for i in range(12):
        decisions.append(bandit.decide(NAMED[i % 3], eligible=["a", "b"] if i % 2 else None))
        bandit.learn(decisions[-1], reward=i / 12)
    for d in decisions:
        told = bandit.explain(d)
        assert told.same
        assert told.difference == 0.0


def test_decisions_are_compared_and_kept_by():
    """Whoever waits for rewards keeps decisions in a mapping."""
    one, other = bandit_of(), bandit_of()
    d = one.decide(NAMED[0])
    assert d == other.decide(NAMED[0])
    assert d != one.decide(NAMED[0])
    assert d != bandit_of().decide(NAMED[1])
    assert d != tamesu.Bandit(arms=["a", "b", "c"], seed=7).decide()
    assert d != d.decision_id
    assert {d: 1.0}[d] == 1.0


def test_who_changes_his_array_changes_no_decision():
    bandit = bandit_of(context=2)
    x = np.array([1.0, 2.0])
    d = bandit.decide(x)
    many = bandit.decide_many(x.reshape(1, 2))
    x[:] = 9
    assert d.context.tolist() == many.contexts[0].tolist() == [1, 2]


def test_a_new_arm_tells_what_is_asked():
    price = {"type": "numeric", "range": [0, 10]}
    bandit = bandit_of(arms=[{"id": "a", "features": {"price": 1}}], arm_features={"price": price})
    with pytest.raises(InvalidDeclaration, match="arm 'b' must fit arm_features: an arm must have"):
        bandit.add_arm("b")
    with pytest.raises(InvalidDeclaration, match="arm 'b' must fit arm_features: feature 'price'"):
        bandit.add_arm("b", {"price": "cheap"})
    assert bandit.arms == ("a",)
    bandit.add_arm("b", {"price": 10})
    assert bandit.decide(NAMED[0], eligible=["b"]).features.tolist() == [[1.0]]


@pytest.mark.parametrize(
    ("context", "message"),
    [
        (None, "the context must have 'device', got none"),
        ({"device": "ios", "hours": 3}, "no feature 'hours'"),
        ({"device": "android"}, "feature 'device' must be one of 2 declared values"),
        ({"device": "ios", "hour": float("nan")}, "feature 'hour' must be a finite number"),
        ([1.0, 2.0, 3.0], "the context must be given by name, got list"),
    ],
)
def test_a_context_that_does_not_fit_is_refused_and_nothing_happened(context, message):
    bandit = bandit_of()
    with pytest.raises(InvalidInput, match=message):
        bandit.decide(context)
    with pytest.raises(InvalidInput, match=message if context is not None else "got none"):
        bandit.decide_many([NAMED[0], context])
    with pytest.raises(InvalidInput, match=message):
        bandit.propensities(context)
    with pytest.raises(InvalidInput):
        bandit.learn_logged(["a"], [1.0], [context])
    assert bandit.report().decisions == bandit.report().observations == 0


def test_columns_must_agree_in_length():
    bandit = bandit_of(context=2)
    with pytest.raises(ShapeMismatch, match="contexts and n must agree, got 3 and 2"):
        bandit.decide_many(np.zeros((3, 2)), n=2)
    with pytest.raises(ShapeMismatch):
        bandit.learn_logged(["a", "b"], [1.0, 2.0], np.zeros((3, 2)))
    with pytest.raises(InvalidInput, match="must be a list or an array, got str"):
        bandit.decide_many("ab")
    with pytest.raises(InvalidInput, match="the context must be empty"):
        bandit_of(context=None).decide_many(np.zeros((3, 2)))
