"""What a bandit in memory keeps: its arms, and itself as bytes and files."""

from __future__ import annotations

import json

import numpy as np
import pytest

import tamesu
from tamesu.base import Conflict, Corrupt, InvalidDeclaration, InvalidInput, NotFound


def bandit_of(**fields):
    return tamesu.Bandit(**{"arms": ["a", "b", "c"], "seed": 7, **fields})


# Arms ---------------------------------------------------------------------------------------------


def test_arms_come_go_and_come_back():
    bandit = bandit_of()
    bandit.learn_logged(["b"] * 8, [1] * 8)
    bandit.retire_arm("b")
    assert bandit.arms == ("a", "c")
    assert set(bandit.decide_many(n=50).arms) == {"a", "c"}
    with pytest.raises(NotFound):
        bandit.decide(eligible=["b"])
    bandit.add_arm("d")
    bandit.add_arm("b")
    assert bandit.arms == ("a", "b", "c", "d")
    assert [row.mean for row in bandit.summary()] == pytest.approx([0.5, 0.9, 0.5, 0.5])


def test_an_arm_is_added_or_retired_once():
    bandit = tamesu.Bandit(arms=[1, 2], seed=1)
    with pytest.raises(Conflict, match="active already"):
        bandit.add_arm(1)
    bandit.retire_arm(1)
    with pytest.raises(NotFound):
        bandit.retire_arm(1)
    with pytest.raises(Conflict, match="the last"):
        bandit.retire_arm(2)
    bandit.add_arm(3)
    assert bandit.arms == (2, 3)
    with pytest.raises(InvalidInput, match="arm id must be"):
        bandit.add_arm(3.5)


def test_a_decision_made_before_an_arm_was_retired_still_teaches():
    bandit = bandit_of()
    d = bandit.decide(eligible=["b"])
    bandit.retire_arm("b")
    bandit.learn(d, reward=1)
    bandit.add_arm("b")
    assert bandit.summary()[1].observations == 1


# Files and bytes ----------------------------------------------------------------------------------


def test_a_restored_bandit_goes_on_where_it_stood():
    for fields in ({}, {"arms": range(6), "layout": "slate", "size": 2, "explore": 0.1}):
        bandit = bandit_of(**fields)
        bandit.learn_many(ds := bandit.decide_many(n=30), np.zeros(ds.arms.shape))
        bandit.decide(eligible=bandit.arms[:2])
        bandit.retire_arm(bandit.arms[0])
        restored = tamesu.Bandit.from_bytes(bandit.to_bytes())
        assert restored.to_bytes() == bandit.to_bytes()
        assert restored.declaration == bandit.declaration
        assert restored.summary() == bandit.summary()
        assert [restored.decide() for _ in range(20)] == [bandit.decide() for _ in range(20)]


def test_arms_out_of_an_array_are_kept_as_their_plain_selves():
    bandit = tamesu.Bandit(arms=np.array(["x", "y"]), seed=7)
    bandit.add_arm(np.array(["z"])[0])
    assert tamesu.Bandit.from_bytes(bandit.to_bytes()).arms == ("x", "y", "z")
    assert {type(arm) for arm in bandit.arms} == {str}


def test_bytes_that_are_no_bandit_are_corrupt():
    good = bandit_of().to_bytes()
    for bad in (b"", b"x", good[:-1], good + b"x", b"\x96" + good[1:]):
        with pytest.raises(Corrupt):
            tamesu.Bandit.from_bytes(bad)


YAML = """
name: home-units
layout: {kind: slate, size: 2}
arms: [because-you-viewed, {id: popular}, 3]
policy:
  belief: {kind: beta, prior: [1, 99]}
  explorer: {kind: thompson, explore: 0.01}
reward: {window: 3s, events: {click: 1}}
seed: 7
"""


def test_a_file_declares_a_bandit(tmp_path):
    path = tmp_path / "home-units.yaml"
    path.write_text(YAML)
    bandit = tamesu.Bandit.from_config(path)
    assert bandit.arms == ("because-you-viewed", "popular", 3)
    assert bandit.decide().decision_id.startswith("home-units.1.")
    assert bandit.summary()[0].mean == pytest.approx(0.01)
    as_json = tmp_path / "home-units.json"
    as_json.write_text(json.dumps(bandit.declaration.plain()))
    assert tamesu.Bandit.from_config(str(as_json)).declaration == bandit.declaration


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name: [", "must be YAML or JSON"),
        ("- a", "must hold a mapping, got list"),
        ("name: x\narms: [a]\nlayuot: single", "unknown field 'layuot'"),
        ("name: x\narms: 3", "arms must be a list"),
        ("name: x\narms: [a]\narms: [b]", "a key may stand once in an object, 'arms' stands twice"),
    ],
)
def test_a_file_that_declares_nothing_says_why(tmp_path, text, message):
    path = tmp_path / "bandit.yaml"
    path.write_text(text)
    with pytest.raises(InvalidInput, match=message):
        tamesu.Bandit.from_config(path)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(InvalidInput, match="cannot be read"):
        tamesu.Bandit.from_config(tmp_path / "none.yaml")


def test_a_declaration_that_cannot_be_is_refused(tmp_path):
    path = tmp_path / "bandit.yaml"
    path.write_text("name: x\narms: [a]\nreward: {events: {click: 0.1}}")
    with pytest.raises(InvalidDeclaration, match="belief beta needs rewards of 0 and 1"):
        tamesu.Bandit.from_config(path)


@pytest.mark.parametrize("belief", ["beta", "gaussian"])
def test_a_bandit_that_forgets_goes_on_where_it_stood(belief):
    """Saved between learning and deciding, it decides as if nothing had been."""
    bandit = tamesu.Bandit(
        arms=["a", "b", "c"],
        belief=belief,
        reward={"range": [0, 1]},
        forgetting={"half_life": "60s"},
        seed=4,
    )
    bandit.learn_logged(["a", "b", "c"], [1, 0, 1], ages=[600, 0.5, 100])
    for turn in range(40):
        d = bandit.decide()
        bandit.decide_many(n=7)
        bandit.learn(d, reward=turn % 2)
        bandit.decide()
        again = tamesu.Bandit.from_bytes(bandit.to_bytes())
        assert again.summary() == bandit.summary()
        assert again.decide() == bandit.decide()


def test_ages_of_logged_rewards_are_how_much_they_count():
    def mean(age):
        bandit = tamesu.Bandit(arms=["a", "b"], forgetting={"half_life": "100s"}, seed=1)
        bandit.learn_logged(["a"] * 8, [1] * 8, ages=[age] * 8)
        return bandit.summary()[0].mean

    assert [mean(age) for age in (0, 100, 200)] == pytest.approx([9 / 10, 5 / 6, 3 / 4])


@pytest.mark.parametrize("ages", [[-1], [float("nan")], [1e13], [1, 2]])
def test_ages_that_cannot_be_are_refused(ages):
    with pytest.raises(InvalidInput, match="ages"):
        tamesu.Bandit(arms=["a"]).learn_logged(["a"], [1], ages=ages)
