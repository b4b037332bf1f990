"""Objectives that are learnt by themselves: what a row teaches, a correction takes back, a warm start restates."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rows import observed

from tamesu.base import GRID, Declaration, Observations, Time
from tamesu.base.observations import NO_REWARD
from tamesu.policy import compose
from tamesu.train import WarmUp, learn
from tamesu.train.commands.declare import keeps_state
from tamesu.train.learn import teaches
from tamesu.train.sums import is_counted

REVENUE = {"events": {"buy": {"weight": 1, "aggregate": "sum"}}, "range": [0, 100]}
COUNTED = {"click": 1, "buy": {"weight": 1, "aggregate": "sum"}}


def declared(scalarise="gini", revenue=REVENUE, belief="gaussian", **reward):
    wanted = {"objectives": {"clicks": {"click": 1}, "revenue": revenue}, "scalarise": scalarise}
    return Declaration.parse(
        {
            "name": "home",
            "arms": ["a", "b", "c"],
            "seed": 7,
            "policy": {"belief": belief},
            "reward": {**(reward or wanted)},
        }
    )


GINI = declared()
POLICY = compose(GINI)


def rows_of(arms, clicks, bought, before=None, declaration=GINI, number=1):
    """Deliveries that came to so many clicks and so much money; `before` of corrections alike."""
    terms = _terms(declaration, clicks, bought)
    rows = observed(arms, [0.0] * len(arms), number=number)
    reward = sum(terms.values())
    if before is None:
        none = {name: np.zeros(len(rows), np.int64) for name in terms}
        return replace(rows, terms=terms, reward=reward, previous_terms=none)
    previous = _terms(declaration, *before)
    return replace(
        rows,
        correction=np.ones(len(rows), np.int64),
        terms=terms,
        previous_terms=previous if declaration.reward.by_term else {},
        reward=reward,
        previous_reward=sum(previous.values()),
    )


def _terms(declaration, clicks, bought):
    events = declaration.reward.events
    return {
        "click": np.rint(events["click"].weight * np.array(clicks) * GRID).astype(np.int64),
        "buy": np.rint(events["buy"].weight * np.array(bought) * GRID).astype(np.int64),
    }


def means(policy, state, arms="abc"):
    rows = policy.summary(state, tuple(arms), Time(0))
    return [
        (row.observations, *(round(one.mean, 9) for one in row.objectives.values())) for row in rows
    ]


def fresh(*groups):
    state, _ = learn(POLICY, POLICY.init(), Observations.concatenate(groups))
    return POLICY.encode(state)


deliveries = st.lists(
    st.tuples(
        st.sampled_from("abc"),
        st.lists(st.tuples(st.integers(0, 1), st.integers(0, 130)), min_size=1, max_size=4),
    ),
    min_size=1,
    max_size=12,
)


@settings(max_examples=settings().max_examples // 2)
@given(deliveries, st.randoms(use_true_random=False), st.booleans())
def test_corrections_take_back_exactly_what_was_taught_in_any_order(given_, rng, at_once):
    """The last word of every delivery counts, to the bit, and nothing else does."""
    groups, last = [], []
    for arm, words in given_:
        groups.append(rows_of(arm, [words[0][0]], [words[0][1]]))
        for before, now in pairwise(words):
            groups.append(rows_of(arm, [now[0]], [now[1]], ([before[0]], [before[1]])))
        last.append(rows_of(arm, [words[-1][0]], [words[-1][1]]))
    rng.shuffle(groups)
    state, learnt = POLICY.init(), 0
    for piece in [Observations.concatenate(groups)] if at_once else groups:
        state, more = learn(POLICY, state, piece)
        learnt += more
    assert POLICY.encode(state) == fresh(*last)
    assert learnt == len(given_)


def test_a_correction_of_terms_alone_teaches_though_the_reward_stays():
    """A click came and as much money went back as a click is worth."""
    before, after = ([0], [100]), ([1], [0])
    moved = rows_of("a", *after, before)
    assert moved.reward.tolist() == moved.previous_reward.tolist()
    assert teaches(moved).tolist() == [True]
    assert teaches(rows_of("a", *before, before)).tolist() == [False]
    state, more = learn(POLICY, POLICY.init(), rows_of("a", *before))
    state, none = learn(POLICY, state, moved)
    assert (more, none) == (1, 0)
    assert POLICY.encode(state) == fresh(rows_of("a", *after))


def test_a_row_that_taught_nothing_before_has_nothing_to_take_back():
    seen = replace(rows_of("a", [1], [30], ([0], [0])), previous_reward=np.array([NO_REWARD]))
    state, more = learn(POLICY, POLICY.init(), seen)
    assert more == 1
    assert POLICY.encode(state) == fresh(rows_of("a", [1], [30]))


def test_money_beyond_the_range_is_clipped_and_counted():
    state, _ = learn(POLICY, POLICY.init(), rows_of("aab", [1, 0, 0], [130, 20, 100]))
    summary = POLICY.summary(state, ("a", "b"), Time(0))
    assert [row.clipped for row in summary] == [1, 0]


@pytest.mark.parametrize(
    ("scalarise", "revenue", "kept"),
    [
        ("gini", REVENUE, True),
        ({"kind": "gini", "weights": [1, 0.1]}, REVENUE, True),
        ("weighted", REVENUE, False),
        ("gini", {**REVENUE, "range": [0, 200]}, False),
        ("gini", {**REVENUE, "events": {"buy": {"weight": 2, "aggregate": "sum"}}}, False),
        ("gini", {**REVENUE, "events": {"pay": {"weight": 1, "aggregate": "sum"}}}, False),
    ],
)
def test_what_was_learnt_stays_while_what_deliveries_come_to_is_the_same(scalarise, revenue, kept):
    assert keeps_state(GINI, declared(scalarise, revenue)) is kept


def test_other_weights_make_another_reward():
    one, other = ({"weights": {"clicks": 1, "revenue": share}} for share in (1, 3))
    assert keeps_state(declared(one), declared(one))
    assert not keeps_state(declared(one), declared(other))


def warmed(clauses, *groups, declaration=GINI):
    warm = WarmUp(compose(declaration), clauses.get)
    for group in groups:
        warm.take(group)
    return warm


def test_a_warm_start_restates_what_older_declarations_counted():
    """A weighted bandit's rows teach what they would have taught had it been declared apart."""
    weighted = declared({"weights": {"clicks": 1, "revenue": 3}})
    clicks, bought = [1, 0, 1, 0], [0, 50, 100, 0]
    before = ([0, 0, 0, 0], [0, 50, 0, 25])
    groups = [
        rows_of("aabb", clicks, bought, declaration=weighted),
        rows_of("cccc", clicks, bought, before, declaration=weighted),
        rows_of("cccc", *before, declaration=weighted),
    ]
    warm = warmed({1: weighted.reward}, *groups)
    direct = [rows_of("aabb", clicks, bought), rows_of("cccc", clicks, bought)]
    state, _ = learn(POLICY, POLICY.init(), Observations.concatenate(direct))
    assert means(POLICY, warm.state) == means(POLICY, state)
    assert (warm.observations, warm.left_out) == (8, 0)


def test_a_warm_start_weighs_anew_what_was_weighed_otherwise():
    """Rewards under other shares are learnt as what they are under the new ones."""
    old = declared({"weights": {"clicks": 1, "revenue": 3}})
    new = declared({"weights": {"clicks": 3, "revenue": 1}}, {**REVENUE, "range": [0, 200]})
    before = ([0, 0, 1], [0, 50, 0])
    now = ([1, 0, 1], [0, 50, 100])
    groups = [
        rows_of("abc", *before, declaration=old),
        rows_of("abc", *now, before, declaration=old),
    ]
    warm = warmed({1: old.reward}, *groups, declaration=new)
    policy = compose(new)
    state, _ = learn(policy, policy.init(), rows_of("abc", *now, declaration=new))
    found, wanted = (
        [row.mean for row in policy.summary(one, ("a", "b", "c"), Time(0))]
        for one in (warm.state, state)
    )
    assert found == pytest.approx(wanted, abs=1e-5)
    assert (warm.observations, warm.left_out) == (3, 0)


def test_a_warm_start_restates_what_is_clicked_or_not_as_one_or_zero():
    """A seventh of the reward is no whole number of 1 / GRID, and a belief of chances takes nothing in between."""
    old = declared({"weights": {"clicks": 1, "revenue": 6}}, {"buy": 1})
    new = declared("gini", {"buy": 1}, belief="beta")
    clicks, bought, before = [1, 0, 1, 0], [0, 1, 1, 0], ([0, 0, 1, 1], [0, 1, 0, 1])
    groups = [
        rows_of("aabb", *before, declaration=old),
        rows_of("aabb", clicks, bought, before, declaration=old),
    ]
    warm = warmed({1: old.reward}, *groups, declaration=new)
    policy = compose(new)
    state, _ = learn(policy, policy.init(), rows_of("aabb", clicks, bought, declaration=new))
    assert policy.encode(warm.state) == policy.encode(state)
    assert (warm.observations, warm.left_out) == (4, 0)


def test_a_warm_start_leaves_out_and_counts_what_nobody_knows_apart():
    plain = declared(events=COUNTED, range=[0, 101])
    first = rows_of("aab", [1, 0, 1], [0, 50, 100], declaration=plain)
    corrected = rows_of(
        "aab", [1, 1, 1], [9, 50, 100], ([1, 0, 1], [0, 50, 100]), declaration=plain
    )
    warm = warmed({1: plain.reward}, replace(first, previous_terms={}), corrected)
    state, _ = learn(POLICY, POLICY.init(), rows_of("aab", [1, 0, 1], [0, 50, 100]))
    assert means(POLICY, warm.state) == means(POLICY, state)
    assert (warm.observations, warm.left_out) == (3, 2)
    for unknown in (
        {},
        {1: declared(events={"click": 1}).reward},
        {1: declared(events={**COUNTED, "buy": 1}).reward},
        {1: declared(events={**COUNTED, "click": 0}, range=[0, 100]).reward},
    ):
        none = warmed(unknown, first)
        assert (none.observations, none.left_out) == (0, 3)


def test_rows_say_the_terms_that_they_replace_and_come_back_from_rows():
    rows = rows_of("ab", [1, 0], [0, 40], ([0, 0], [0, 30]))
    said = list(rows.rows())
    assert said[1].previous_terms == {"click": 0, "buy": round(0.15 * GRID)}
    assert list(Observations.of("home", 1, said).rows()) == said
    first = rows_of("ab", [1, 0], [0, 40])
    assert [row.previous_terms for row in first.rows()] == [None, None]
    both = Observations.concatenate([first, rows, replace(first, previous_terms={})])
    assert both.previous_terms["buy"].tolist() == [0, 0, 0, round(0.15 * GRID), 0, 0]


def test_sums_of_ones_and_zeros_are_no_state_of_several_objectives():
    assert is_counted(declared(belief="beta", events={"click": 1}))
    assert not is_counted(declared(belief="beta", revenue={"buy": 1}))
