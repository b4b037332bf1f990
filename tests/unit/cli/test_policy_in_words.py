"""A declared policy in words: what is deterministic says that its log evaluates nothing."""

from __future__ import annotations

import pytest

from tamesu.base import Declaration
from tamesu.cli.meaning import meanings
from tamesu.policy import compose, known_kinds

REQUIRED = {"softmax": {"temperature": 0.1}, "slate": {"size": 2}, "per_position": {"size": 2}}


def said(**declared):
    data = {"name": "one", "arms": ["a", "b", "c"], **declared}
    declaration = Declaration.parse(data)
    rows = meanings(declaration, data, compose(declaration).size)
    return {row.setting: row for row in rows}


def explained(kind, **options):
    return said(policy={"explorer": {"kind": kind, **REQUIRED.get(kind, {}), **options}})


@pytest.mark.parametrize("kind", known_kinds("explorer"))
def test_every_explorer_has_words_and_every_option_a_row(kind):
    module = __import__(f"tamesu.policy.explorers.{kind}", fromlist=["Options"])
    rows = explained(kind)
    assert rows["policy.explorer"].meaning != "how it tries out"
    wanted = {f"policy.explorer.{name}" for name in module.Options.__struct_fields__}
    assert wanted <= rows.keys()


@pytest.mark.parametrize("kind", known_kinds("layout"))
def test_every_layout_has_words(kind):
    row = said(layout={"kind": kind, **REQUIRED.get(kind, {})})["layout"]
    assert "at most" not in row.meaning


@pytest.mark.parametrize("kind", ["ucb", "greedy"])
def test_what_is_deterministic_asks_for_explore(kind):
    row = explained(kind)["policy.explorer.explore"]
    assert "PROPENSITIES ARE 0 OR 1" in row.meaning
    assert "say explore" in row.meaning
    assert "0 OR 1" not in explained(kind, explore=0.1)["policy.explorer.explore"].meaning


def test_what_draws_does_not():
    for kind in ("thompson", "randomized_ucb", "softmax", "uniform", "epsilon_greedy"):
        assert "0 OR 1" not in explained(kind)["policy.explorer.explore"].meaning
