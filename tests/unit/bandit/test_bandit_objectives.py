"""A bandit in memory that is to serve several objectives."""

from __future__ import annotations

import numpy as np
import pytest

import tamesu
from tamesu.base import InvalidDeclaration, InvalidInput, ShapeMismatch, TamesuError
from tamesu.policy.objectives import best_mixtures, welfare

WANTED = {"clicks": (0, 1), "revenue": (0, 100)}


def gini(**more):
    given = {"arms": ["a", "b", "c"], "objectives": WANTED, "scalarise": "gini", "seed": 7, **more}
    return tamesu.Bandit(**given)


def told(bandit, arm):
    """Means of an arm by objective."""
    (row,) = [row for row in bandit.summary() if row.arm == arm]
    return {name: one.mean for name, one in row.objectives.items()}


def test_it_learns_what_each_objective_came_to_in_its_own_units():
    bandit = gini()
    assert bandit.propensities().tolist() == pytest.approx([1 / 3] * 3, abs=1e-12)
    for _ in range(20):
        decision = bandit.decide(eligible=["a"])
        bandit.learn(decision, reward={"revenue": 25, "clicks": 1})
    # As after 21 rewards, the first of which was the middle of each range.
    assert told(bandit, "a") == pytest.approx({"clicks": 20.5 / 21, "revenue": 550 / 21}, abs=1e-4)
    assert told(bandit, "b") == {"clicks": 0.5, "revenue": 50.0}


def test_one_by_one_and_many_and_logged_learn_the_same():
    rng = np.random.default_rng(1)
    many, logged, singly = gini(), gini(), gini()
    made = many.decide_many(n=40)
    clicks, revenue = rng.integers(0, 2, 40), rng.uniform(0, 100, 40)
    many.learn_many(made, {"clicks": clicks, "revenue": revenue})
    logged.learn_logged(made.arms, {"revenue": revenue, "clicks": clicks})
    assert many.summary() == logged.summary()
    decisions = [singly.decide() for _ in range(40)]
    for decision, click, spent in zip(decisions, clicks, revenue, strict=True):
        singly.learn(decision, reward={"clicks": click, "revenue": spent})
    assert singly.summary() == many.summary()


def test_what_lies_outside_of_a_range_is_clipped_and_counted():
    bandit = gini()
    bandit.learn_logged(["a", "a", "b"], {"clicks": [1, 0, 1], "revenue": [250, -3, 10]})
    report = bandit.report()
    assert [row.clipped for row in report.arms] == [2, 0, 0]
    assert "2 rewards were clipped" in str(report)


def test_bytes_keep_it_and_explain_shows_each_objective():
    bandit = gini()
    rng = np.random.default_rng(3)
    made = bandit.decide_many(n=60)
    bandit.learn_many(made, {"clicks": rng.integers(0, 2, 60), "revenue": rng.uniform(0, 9, 60)})
    decision = bandit.decide()
    told = bandit.explain(decision)
    assert (told.same, told.difference) == (True, 0.0)
    assert [*told.arms[0].objectives] == ["clicks", "revenue"]
    again = tamesu.Bandit.from_bytes(bandit.to_bytes())
    assert again.propensities().tolist() == bandit.propensities().tolist()
    assert again.decide().arm == bandit.decide().arm


def test_a_report_has_a_column_for_each_objective():
    bandit = gini()
    bandit.learn_logged(["a"] * 2_000, {"clicks": [1] * 2_000, "revenue": [20] * 2_000})
    lines = str(bandit.report()).splitlines()
    assert lines[1].split()[:5] == ["arm", "share", "clicks", "revenue", "mean"]
    assert lines[2].split()[3] == "20.01"


def test_a_report_tells_what_a_decision_brings_and_its_welfare():
    bandit = gini(arms=["a", "b"], explorer="greedy")
    arms = ["a", "b"] * 1_000
    bandit.learn_logged(arms, {"clicks": [1, 0] * 1_000, "revenue": [0, 100] * 1_000})
    report = bandit.report()
    # Half of each: by rank 1/2 and 1/2, whatever the weights.
    assert report.expected == pytest.approx({"clicks": 0.5, "revenue": 50.0}, abs=1e-9)
    assert report.welfare == pytest.approx(0.5, abs=1e-9)
    assert "a decision brings clicks 0.5, revenue 50: a welfare of 0.5" in str(report)
    plain = tamesu.Bandit(arms=["a"]).report()
    assert (plain.expected, plain.welfare) == ({}, None)


def test_of_weighted_objectives_values_by_name_are_the_weighed_sum():
    bandit = tamesu.Bandit(arms=["a", "b"], objectives=WANTED, seed=7)
    other = tamesu.Bandit(arms=["a", "b"], objectives=WANTED, seed=7)
    bandit.learn(bandit.decide(), reward={"clicks": 1, "revenue": 50})
    other.learn(other.decide(), reward=0.75)
    assert bandit.summary() == other.summary()


def test_of_a_slate_objectives_may_be_weighed():
    bandit = tamesu.Bandit(
        arms=["a", "b", "c"], objectives=WANTED, layout="slate", size=2, belief="gaussian", seed=7
    )
    decision = bandit.decide()
    bandit.learn(decision, rewards=[{"clicks": 1, "revenue": 100}, None])
    learnt = {row.arm: row.observations for row in bandit.summary()}
    assert learnt == {**dict.fromkeys("abc", 0), decision.arms[0]: 1}


def test_beta_learns_objectives_that_happen_or_do_not():
    bandit = gini(objectives={"clicks": (0, 1), "likes": (0, 1)}, belief="beta")
    bandit.learn_logged(["a", "a"], {"clicks": [1, 0], "likes": [1, 1]})
    assert told(bandit, "a") == pytest.approx({"clicks": 0.5, "likes": 0.75}, abs=1e-12)


@pytest.mark.parametrize(
    ("reward", "error", "message"),
    [
        (1.0, InvalidInput, "what each objective came to, got numbers"),
        ({"clicks": 1}, InvalidInput, "missing: 'revenue'"),
        ({"clicks": 1, "revenu": 2}, InvalidInput, "got 'revenu'\nhint: did you mean 'revenue'"),
        ({"clicks": 1, "revenue": None}, InvalidInput, "by every objective or by none"),
        ({"clicks": None, "revenue": None}, InvalidInput, "must be numbers, got NaN"),
        ({"clicks": np.inf, "revenue": 1}, InvalidInput, "must be finite"),
        ({"clicks": "much", "revenue": 1}, InvalidInput, "of 'clicks' must be numbers"),
        ({"clicks": [1, 2], "revenue": 1}, ShapeMismatch, "of 'clicks' must"),
    ],
)
def test_what_is_no_reward_by_objective_is_refused(reward, error, message):
    bandit = gini()
    decision = bandit.decide()
    before = bandit.summary()
    with pytest.raises(TamesuError) as refused:
        bandit.learn(decision, reward=reward)
    assert isinstance(refused.value, error)
    assert message in str(refused.value)
    assert bandit.summary() == before
    bandit.learn(decision, reward={"clicks": 1, "revenue": 1})


def test_a_bandit_without_objectives_takes_none():
    bandit = tamesu.Bandit(arms=["a", "b"])
    with pytest.raises(InvalidInput, match="this bandit has none"):
        bandit.learn(bandit.decide(), reward={"clicks": 1})


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"objectives": ["clicks"]}, "must be a mapping of names to ranges"),
        ({"objectives": {"clicks": 1}}, "'clicks' must be a range of two numbers"),
        ({"objectives": {"clicks": (0, 10**400)}}, "'clicks' must be a range of two numbers"),
        ({"objectives": {"clicks": "01"}}, "'clicks' must be a range of two numbers"),
        ({"objectives": {"clicks": (0, np.nan)}}, "must be finite"),
        ({"objectives": {"clicks": (1, 0)}}, "least below greatest"),
        ({"objectives": {1: (0, 1), "1": (0, 9)}}, "must differ as texts, got [1, '1']"),
        ({"objectives": None}, "scalarise says how objectives become one number"),
        ({"reward": {"events": {"click": 1}}}, "must be given once"),
        ({"scalarise": "ginny"}, "did you mean 'gini'"),
        ({"scalarise": {"kind": "gini", "weights": [1]}}, "one weight for each of 2 objectives"),
        ({"layout": "slate", "size": 2}, "'slate' cannot use several objectives"),
        ({"explorer": "ucb"}, "'ucb' cannot use several objectives"),
    ],
)
def test_what_cannot_be_is_refused_by_name(given, message):
    with pytest.raises(InvalidDeclaration) as refused:
        gini(**given)
    assert message in str(refused.value)


def test_regret_of_gini_falls():
    """Two arms that serve one objective each and one that serves neither well: half of each is best.

    Seeded: what the last thousand of 4,000 decisions lose on average, by the distribution that was drawn from, is
    below a fifth of what the first fifty lose, and below a hundredth of the best.
    """
    truth = np.array([[0.8, 10.0], [0.1, 70.0], [0.3, 25.0]])
    scaled = truth / [1.0, 100.0]
    weights = np.array([1.0, 0.5])
    best = welfare(best_mixtures(scaled[None], weights)[0] @ scaled, weights)
    rng = np.random.default_rng(5)
    bandit = gini()
    lost = []
    for _ in range(80):
        p = bandit.propensities()
        lost.append(best - welfare(p @ scaled, weights))
        made = bandit.decide_many(n=50)
        rows = np.array(["abc".index(arm) for arm in made.arms])
        clicks = rng.random(50) < truth[rows, 0]
        spent = np.clip(rng.normal(truth[rows, 1], 15.0), 0.0, 100.0)
        bandit.learn_many(made, {"clicks": clicks, "revenue": spent})
    assert min(lost) >= -1e-12
    assert np.mean(lost[-20:]) < 0.2 * lost[0]
    assert np.mean(lost[-20:]) < 0.01 * best
