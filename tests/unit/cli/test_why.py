"""Why an arm was delivered, in words."""

from __future__ import annotations

from tamesu.cli.why import facts, why


def arm(name, mean, delivered=None, effects=None, base=None, **more):
    told = {"arm": name, "mean": mean, "share": 0.25, "eligible": True, "delivered": delivered}
    return {**told, "position": None, "objectives": {}, "effects": effects, "base": base, **more}


def said(*arms, fallback=False, features=None, name="a"):
    told = {"arms": [*arms], "fallback": fallback}
    return [*why({**told, "deliveries": [{"arm": name, "features": features}]})]


def test_the_best_arm_is_held_against_the_next_and_the_mean_context():
    lines = said(
        arm("a", 0.4, 0, {"hour": 0.1, "device=ios": 0.2, "member": -0.1}, 0.2),
        arm("b", 0.3, None, {"hour": 0.1, "device=ios": -0.1, "member": -0.2}, 0.5),
        arm("c", 0.1, None, {"hour": 0.0, "device=ios": 0.0, "member": 0.0}, 0.1),
    )
    assert lines == [
        "a was thought best: 0.4000, the next, b, 0.3000",
        "of the context most spoke for it, beside that one: device=ios +0.3000, member +0.1000",
        "in the mean context b is thought best",
    ]


def test_where_not_all_are_told_in_the_mean_context_none_is_said_to_lead_there():
    lines = said(
        arm("a", 0.4, 0, {"hour": 0.1}, 0.2), arm("b", 0.3, None, {"hour": 0.0}, 0.5), arm("c", 0.1)
    )
    assert len(lines) == 2
    assert "mean context" not in " ".join(lines)


def test_an_arm_that_is_not_thought_best_was_tried():
    assert said(arm("a", 0.1, 0), arm("b", 0.3)) == [
        "a was tried, with a chance of 25.00%: b is thought to be worth more, 0.3000 against 0.1000"
    ]


def test_of_arms_that_are_worth_the_same_none_is_the_best():
    tie = "a and b are thought to be worth the same, 0.3000"
    assert said(arm("a", 0.3, 0), arm("b", 0.3)) == [tie]
    nothing = {"hour": 0.0}
    assert said(arm("a", 0.3, 0, nothing, 0.3), arm("b", 0.3, None, nothing, 0.3)) == [tie]


def test_without_a_context_nothing_is_said_of_one():
    assert said(arm("a", 0.4, 0), arm("b", 0.3)) == [
        "a was thought best: 0.4000, the next, b, 0.3000"
    ]


def test_who_could_not_be_chosen_is_no_next():
    assert said(arm("a", 0.1, 0), arm("b", 0.3, eligible=False)) == []
    assert said(arm("a", 0.1, 0)) == []


def test_of_fallbacks_and_combinations_no_arm_is_the_reason():
    assert said(arm("a", 0.1, 0), arm("b", 0.3), fallback=True) == []
    options = (arm("title=a", 0.1, 0), arm("image=x", 0.3, 0), arm("title=b", 0.4))
    told = {"title": "a", "image": "x"}
    assert said(*options, name="title=a,image=x", features=told) == []


def test_what_an_arm_tells_is_told_as_it_was_sent():
    assert said(arm("a", 0.1, 0), features={"genre": "ü", "new": True, "age": None}) == [
        'a tells genre = "ü", new = true, age = null'
    ]
    assert facts({"taste": [1, 0.5]}) == "taste = [1, 0.5]"


def worth(clicks, sales):
    return {"objectives": {"clicks": {"mean": clicks}, "sales": {"mean": sales}}}


def test_where_objectives_are_learnt_apart_it_is_said_what_brings_most_of_each():
    a, b = arm("a", 0.1, 0, **worth(0.4, 1.0)), arm("b", 0.3, **worth(0.1, 40.0))
    assert said(a, b) == ["of clicks a is thought to bring most, of sales b: arms are mixed"]
    better = arm("b", 0.3, **worth(0.5, 40.0))
    assert said(a, better) == ["of clicks b is thought to bring most, of sales b"]


def test_of_objectives_nothing_is_said_where_there_is_no_choice_or_no_difference():
    a, b = arm("a", 0.1, 0, **worth(0.4, 1.0)), arm("b", 0.3, **worth(0.4, 1.0))
    assert said(a, b) == said(a) == said(arm("a", 0.1, 0, **worth(0.1, 2)), a, fallback=True) == []
    out = arm("b", 0.3, eligible=False, **worth(0.9, 9.0))
    assert said(a, out) == []
