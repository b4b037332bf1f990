"""A reward that stands for a later value is another number: nothing that was rewarded otherwise is taken for it."""

from __future__ import annotations

import pytest
from fitted import SURROGATE
from life import Life

from tamesu.base import Declaration
from tamesu.train import keeps_state


def declared(click, surrogate=None):
    reward = {"events": {"click": click}, "range": [0, 1]}
    if surrogate is not None:
        reward["surrogate"] = {**SURROGATE, **surrogate}
    return Declaration.parse(
        {
            "name": "home",
            "arms": ["a", "b", "c"],
            "policy": {"belief": "gaussian"},
            "reward": reward,
            "seed": 1,
        }
    )


@pytest.mark.parametrize(
    ("old", "new", "keeps"),
    [
        (declared(1), declared(0.3, {}), False),
        (declared(0.3, {}), declared(1), False),
        (declared(0.3, {}), declared(0.4, {}), False),
        (declared(0.3), declared(0.3, {}), True),
        (declared(0.3, {}), declared(0.3, {"rows": 9, "r2": 0.2}), True),
    ],
)
def test_what_was_learnt_stays_where_events_are_worth_the_same(old, new, keeps):
    assert keeps_state(old, new) is keeps


def test_a_warm_start_takes_no_click_for_a_later_value_and_counts_what_it_leaves_out():
    life = Life(declared(1))
    life.past.rewards[1] = declared(1).reward
    life.observe("aab", [1, 0, 1])
    later = declared(0.3, {})
    told = life.do("declare", {"declaration": later.plain(), "number": 1, "warm": True}).told
    assert (told["state"], told["observations"], told["left_out"]) == ("warm", 0, 3)
    life.past.rewards[2] = later.reward
    life.observe("bc", [0.3, 0.0], number=2)
    other = {**later.plain(), "policy": {"belief": {"kind": "gaussian", "prior": {"kappa": 5}}}}
    told = life.do("declare", {"declaration": other, "number": 2, "warm": True}).told
    assert (told["state"], told["observations"], told["left_out"]) == ("warm", 2, 3)
