"""Decisions of a bandit with a belief for each position are explained position by position."""

import pytest
from explaining import SLATE, House


def test_where_positions_have_beliefs_of_their_own_each_is_told():
    house = House({**SLATE, "layout": {"kind": "per_position", "size": 2}})
    house.learn(["red"] * 6 + ["blue"] * 4, [1] * 6 + [0] * 4, positions=[0] * 6 + [1] * 4)
    decision = house.decide(["red", "blue", "green"])
    told = house.explain(decision.decision_id)
    assert told["again"]["difference"] == 0.0
    top, below = (
        {arm["arm"]: arm for arm in told["arms"] if arm["position"] == position}
        for position in (0, 1)
    )
    assert len(top) == len(below) == 4
    assert (top["red"]["observations"], below["red"]["observations"]) == (6, 0)
    assert (top["blue"]["observations"], below["blue"]["observations"]) == (0, 4)
    first, second = told["deliveries"]
    assert top[first["arm"]]["share"] == first["propensity"]
    assert below[second["arm"]]["share"] == second["propensity"]
    assert below[second["arm"]]["mean"] == second["score"]
    assert below[first["arm"]]["share"] == top["black"]["share"] == 0
    assert {arm["arm"] for arm in told["arms"] if arm["delivered"] == 0} == {first["arm"]}
    assert told["arms_omitted"] == 0
    house.decide(["red"])
    (alone,) = house.explain(house.decide(["red"]).decision_id)["deliveries"]
    assert (alone["arm"], alone["propensity"]) == ("red", 1.0)


def test_a_fallback_over_positions_is_told_position_by_position():
    declaration = {**SLATE, "layout": {"kind": "per_position", "size": 3}, "fallback": ["green"]}
    house = House(declaration)
    house.learn(["red"] * 6, [1] * 6, positions=[1] * 6)
    decision = house.decide(fallback=True)
    told = house.explain(decision.decision_id)
    assert (told["fallback"], told["again"]["same"]) == (True, True)
    assert [one["propensity"] for one in told["deliveries"]] == [1.0, 1 / 3, 1 / 2]
    for position, delivery in enumerate(told["deliveries"]):
        there = {arm["arm"]: arm for arm in told["arms"] if arm["position"] == position}
        assert there[delivery["arm"]]["share"] == delivery["propensity"]
        assert sum(arm["share"] for arm in there.values()) == pytest.approx(1)
