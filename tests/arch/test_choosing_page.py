"""What the page on choosing a policy says of defaults and of what goes with what is so."""

from __future__ import annotations

import re

import pytest

from tamesu.base import Declaration, InvalidInput
from tamesu.policy import compose, known_kinds

ROW = re.compile(r"^\| (.+) \|$", re.MULTILINE)
WORD = re.compile(r"`(\w+)`")
OBJECTIVES = {"clicks": {"click": 1}, "sales": {"buy": 1}}
SLOTS = {"title": ["a", "b"], "image": ["x", "y"]}
DECLARED = {
    "arms": {"arms": ["a", "b"]},
    "context": {"context": 2},
    "slots": {"slots": SLOTS},
    "reward.objectives": {"reward": {"objectives": OBJECTIVES}},
}
REQUIRED = {"softmax": {"temperature": 0.1}}
LEARNT = {"neural_linear", "two_tower"}
"""Beliefs that name a folder, which has to be there."""


@pytest.fixture(scope="module")
def page(root):
    return (root / "docs/how-to/choose-a-policy.md").read_text("utf-8")


def rows(page, head):
    """Of the table that begins with `head`, the cells."""
    _, _, after = page.partition(f"\n| {head} |")
    table, *_ = after.partition("\n\n")
    return [row.split(" | ") for row in ROW.findall(table) if "---" not in row]


def test_defaults_are_those_of_the_table(page):
    found = rows(page, "you declare | then the layout is | the belief | the explorer")
    assert len(found) == len(DECLARED)
    for said, *parts in found:
        written = {"name": "one"}
        for what in re.findall(r"`([\w.]+)`", said):
            written |= DECLARED[what]
        made = Declaration.parse(written)
        compose(made)
        kinds = [made.layout.kind, made.belief.kind, made.explorer.kind]
        assert [WORD.match(part).group(1) for part in parts] == kinds
        if "sharing: shared" in parts[1]:
            assert made.belief.options["sharing"] == "shared"


def fits(explorer, belief, **more):
    part = {"kind": explorer, **REQUIRED.get(explorer, {})}
    written = {"name": "one", "policy": {"belief": belief, "explorer": part}, **more}
    try:
        compose(Declaration.parse(written))
    except InvalidInput:
        return False
    return True


def test_explorers_go_with_what_the_table_says(page):
    said = {
        explorer: text
        for names, text in rows(page, "explorer | goes with")
        for explorer in WORD.findall(names)
    }
    assert said.keys() == set(known_kinds("explorer"))
    every, arms = set(known_kinds("belief")) - LEARNT, DECLARED["arms"]
    gini = {**arms, "reward": {"objectives": OBJECTIVES, "scalarise": "gini"}}
    for explorer, text in said.items():
        but = {"losses"} if "but `losses`" in text else set()
        wanted = {"losses"} if "`losses` alone" in text else every - but
        assert {belief for belief in every if fits(explorer, belief, **arms)} == wanted
        mixes = "everything" in text or "`gini`" in text
        assert fits(explorer, "gaussian", **gini) == mixes
        searched = "everything" in text or "`combination`" in text
        assert fits(explorer, {"kind": "linear", "sharing": "shared"}, slots=SLOTS) == searched
