"""A bandit in memory makes its decisions again, whatever it learnt since."""

from __future__ import annotations

import dataclasses

import pytest

import tamesu
from tamesu.bandit import recent
from tamesu.base import InvalidInput, NotFound


def bandit_of(**fields):
    return tamesu.Bandit(**{"arms": ["a", "b", "c"], "seed": 7, **fields})


@pytest.mark.parametrize("explorer", ["thompson", "uniform", "epsilon_greedy"])
@pytest.mark.parametrize("layout", [{}, {"layout": "slate", "size": 2}])
def test_every_decision_is_the_same_again(explorer, layout):
    bandit = bandit_of(explorer=explorer, **layout)
    decisions = []
    for reward in (1, 0, 1, 1):
        d = bandit.decide()
        decisions += [d, bandit.decide(eligible=["c", "a"])]
        if layout:
            bandit.learn(d, rewards=[reward, None])
        else:
            bandit.learn(d, reward=reward)
    for d in decisions:
        told = bandit.explain(d)
        assert told.same
        assert told.difference == 0
        assert told.again.arms == d.arms
        assert told.again.propensities == d.propensities


def test_it_tells_what_was_believed_then():
    bandit = bandit_of()
    bandit.learn_logged(["b"] * 8, [1] * 8)
    d = bandit.decide(eligible=["a", "b"])
    bandit.learn_logged(["b"] * 50, [0] * 50)
    arms = {row.arm: row for row in bandit.explain(d).arms}
    assert arms["b"].mean == pytest.approx(0.9)
    assert arms["b"].observations == 8
    assert (arms["c"].eligible, arms["c"].share) == (False, 0)
    assert arms[d.arm].delivered == 0
    assert arms[d.arm].share == d.propensity


def test_a_decision_of_before_arms_changed_is_made_among_those_of_then():
    bandit = bandit_of(arms=[1, 2, "x"])
    before = bandit.decide()
    bandit.retire_arm(2)
    bandit.add_arm(9)
    after = bandit.decide()
    assert {row.arm for row in bandit.explain(before).arms} == {1, 2, "x"}
    assert {row.arm for row in bandit.explain(after).arms} == {1, "x", 9}
    assert bandit.explain(before).difference == bandit.explain(after).difference == 0


def test_what_was_changed_on_the_way_is_not_the_same():
    bandit = bandit_of()
    d = bandit.decide()
    other = next(arm for arm in "abc" if arm != d.arm)
    wrong = bandit.explain(dataclasses.replace(d, arms=(other,)))
    assert (wrong.same, wrong.difference) == (False, None)
    off = bandit.explain(dataclasses.replace(d, propensities=(d.propensity + 0.1,)))
    assert not off.same
    assert off.difference == pytest.approx(0.1)


def test_looking_at_a_state_does_not_make_it_a_decider():
    bandit = bandit_of()
    first = bandit.decide()
    bandit.learn(first, reward=1)
    bandit.propensities()
    bandit.learn_logged(["a"], [1])
    second = bandit.decide()
    assert bandit.explain(first).difference == bandit.explain(second).difference == 0
    assert sum(row.observations for row in bandit.explain(first).arms) == 0
    assert sum(row.observations for row in bandit.explain(second).arms) == 2


def test_only_so_many_states_are_kept(monkeypatch):
    monkeypatch.setattr(recent, "MOST_STATES", 3)
    bandit = bandit_of()
    decisions = []
    for _ in range(5):
        decisions.append(bandit.decide())
        bandit.learn(decisions[-1], reward=1)
    for d in decisions[2:]:
        assert bandit.explain(d).same
    for d in decisions[:2]:
        with pytest.raises(NotFound, match="the last 3 are"):
            bandit.explain(d)


def test_fewer_are_kept_where_states_are_large(monkeypatch):
    """Three arms, and two counts of each that was learnt from: five to seven numbers."""
    monkeypatch.setattr(recent, "MOST_NUMBERS", 14)
    bandit = bandit_of()
    decisions = [bandit.decide()]
    for _ in range(2):
        bandit.learn(decisions[-1], reward=1)
        decisions.append(bandit.decide())
    assert [bandit.explain(d).same for d in decisions[1:]] == [True, True]
    with pytest.raises(NotFound):
        bandit.explain(decisions[0])


def test_a_bandit_out_of_bytes_explains_what_it_decides_itself():
    bandit = bandit_of()
    old = bandit.decide()
    again = tamesu.Bandit.from_bytes(bandit.to_bytes())
    with pytest.raises(NotFound, match="number 0"):
        again.explain(old)
    assert again.explain(again.decide()).same
    with pytest.raises(NotFound):
        again.explain(old)


def test_foreign_decisions_are_refused():
    d = bandit_of(seed=8).decide()
    with pytest.raises(InvalidInput, match="not made by this bandit"):
        bandit_of().explain(d)
    with pytest.raises(InvalidInput, match="what decide gave, got str"):
        bandit_of().explain(d.decision_id)
