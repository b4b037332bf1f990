"""Combinations as they are declared: what cannot be combined is refused by name."""

import pytest

from tamesu.base import Declaration, InvalidDeclaration
from tamesu.policy import compose

HERO = {
    "name": "hero",
    "slots": {"title": ["a", "b", "c"], "image": ["x", "y"], "order": ["1", "2", "3", "4"]},
    "pairwise": True,
    "infeasible": [{"title": "a", "image": "x"}, {"image": "y", "order": "4"}],
    "context": {"member": "boolean", "x": {"type": "vector", "size": 2}},
    "interactions": [["member", "title"], ["x", "order"]],
    "seed": 7,
}


def policy_of(**changes):
    return compose(Declaration.parse({**HERO, **changes}))


REFUSED = [
    ({"slots": {"title": ["a"]}}, "2 to 32"),
    ({"slots": {"title": ["a,b"], "image": ["x"]}}, "none of them"),
    ({"slots": {"title": ["a", "a"], "image": ["x"]}}, "each once"),
    ({"slots": {"title": ["a" * 150], "image": ["x" * 60]}}, "at most 200"),
    (
        {"slots": {"member": ["a"], "image": ["x"]}, "interactions": [], "infeasible": []},
        "different names",
    ),
    ({"infeasible": [{"title": "a"}]}, "pairs"),
    ({"infeasible": [{"title": "a", "image": "q"}]}, "image"),
    ({"infeasible": [{"title": t, "image": i} for t in "abc" for i in "xy"]}, "leave none"),
    ({"arms": ["a"]}, "instead of arms"),
    ({"layout": "single"}, "slots"),
    ({"policy": {"explorer": "randomized_ucb"}}, "every arm"),
    ({"policy": {"belief": "beta"}}, "share every coefficient"),
    ({"policy": {"newcomer": {"share": 0.1}}}, "newcomers"),
    (
        {
            "slots": {str(i): [str(j) for j in range(40)] for i in range(4)},
            "infeasible": [],
            "interactions": [],
        },
        "columns",
    ),
]


@pytest.mark.parametrize(("changes", "says"), REFUSED)
def test_what_cannot_be_combined_is_refused_by_name(changes, says):
    with pytest.raises(InvalidDeclaration, match=says):
        policy_of(**changes)


def test_a_declaration_reads_back_as_it_was():
    declaration = Declaration.parse(HERO)
    assert Declaration.parse(declaration.plain()) == declaration
    assert declaration.arm_ids[:2] == ("title=a", "title=b")


def test_options_that_are_whole_numbers_are_their_texts():
    slots = {"title": [1, 2], "image": ["x", 3]}
    policy = policy_of(
        slots=slots, infeasible=[{"title": 1, "image": 3}], context={}, interactions=[]
    )
    assert policy.declaration.arm_ids == ("title=1", "title=2", "image=x", "image=3")
    assert policy.declaration.infeasible == ({"title": "1", "image": "3"},)
