"""Logs of bandits that forget, hold newcomers back, or were declared over other options: judged as they stood then."""

from __future__ import annotations

from served import SHOP, Served, archived

from tamesu.base import Declaration
from tamesu.base.times import MINUTE_US
from tamesu.engine import Candidates, most_weight_of


def test_what_was_forgotten_by_then_is_forgotten_when_it_is_made_again():
    policy = {**SHOP["policy"], "forgetting": {"half_life": "2m"}}
    one = Served({**SHOP, "policy": policy}, lambda _, arm: 0.2 + 0.3 * (arm == "a"))
    for _ in range(3):
        one.serve(100)
        one.rest(3 * MINUTE_US)
    candidates = Candidates(archived(one), archived(one).logged())
    told = candidates.logging().told
    assert told["gone"] == 0
    assert told["apart"] < 1e-9
    assert candidates.doubts() == ()


def test_a_cap_on_newcomers_bounds_no_weight():
    """The uniform share does not reach them while they are new."""
    for more, largest in (({}, 10.0), ({"newcomer": {"until": 50}}, None)):
        one = Served({**SHOP, "policy": {**SHOP["policy"], **more}}, lambda *_: 0.3)
        one.serve(30)
        one.rest()
        found = most_weight_of(archived(one), archived(one).logged())
        assert (found is None) == (largest is None)
        if found is not None:
            assert abs(found - largest) < 1e-9


def test_combinations_of_other_options_are_left_out_and_counted():
    hero = {
        "name": "hero",
        "slots": {"title": ["a", "b"], "image": ["x", "y"]},
        "policy": {"explorer": {"kind": "thompson", "explore": 0.5}},
        "reward": {**SHOP["reward"], "range": [0, 1]},
        "seed": 7,
    }
    changes = {
        "other options": {"slots": {"title": ["a", "c"], "image": ["x", "y"]}},
        "infeasible now": {"infeasible": [{"title": "a", "image": "y"}]},
    }
    for change in changes.values():
        one = Served(hero, lambda *_: 0.3)
        one.serve(40)
        declared = Declaration.parse({**hero, **change}).plain()
        asked = {"declaration": declared, "number": 1, "warm": False}
        one.store.ask("hero", "declare", asked, one.now())
        one.learn()
        one.serve(30)
        one.rest()
        logged = archived(one).logged()
        assert len(logged) == 30
        assert logged.left_out["otherwise"] == 40
        assert Candidates(archived(one), logged).logging().told["gone"] == 0
