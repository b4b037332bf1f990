"""A bandit declared anew: what is kept, what begins anew, and what is refused."""

from __future__ import annotations

import pytest
from life import Life, plain
from rows import DECLARATION

from tamesu.base import (
    Declaration,
)
from tamesu.train import KINDS, keeps_state, warms_up


@pytest.fixture
def life():
    one = Life()
    one.observe("ab", [1, 0])
    return one


def test_a_declaration_of_the_same_belief_keeps_what_was_learnt(life):
    body = {
        "declaration": plain(
            arms=["c", "a", "new"],
            policy={"belief": {"kind": "beta", "prior": [1, 1]}, "explorer": "uniform"},
            reward={"window": "1h"},
        ),
        "number": 1,
    }
    before = life.snapshot
    effect = life.do("declare", body)
    assert effect.told == {
        "number": 2,
        "state": "kept",
        "added": 1,
        "changed": 0,
        "revived": 0,
        "retired": 1,
    }
    snapshot = life.snapshot
    assert (snapshot.version, snapshot.declaration, snapshot.learns_from) == (2, 2, 1)
    assert (snapshot.state, snapshot.observations) == (before.state, before.observations)
    assert (snapshot.since, snapshot.roster) == (2, 1)
    assert life.standing.roster.ids == ("c", "a", "new")
    assert [arm.id for arm in life.standing.roster.retired] == ["b"]
    assert [one.number for one in life.declared] == [2]
    assert life.standing.declaration.seed == DECLARATION.seed, "a seed that is not given stays"
    life.observe("a", [1], number=1)
    assert life.learnt("ab") == [2, 1], "deliveries under the old declaration still teach"


def test_a_declaration_of_another_belief_starts_anew(life):
    other = plain(policy={"belief": {"kind": "beta", "prior": [1, 9]}})
    effect = life.do("declare", {"declaration": other, "number": 1})
    assert (effect.told["number"], effect.told["state"]) == (2, "new")
    snapshot = life.snapshot
    assert (snapshot.version, snapshot.declaration, snapshot.learns_from) == (2, 2, 2)
    assert (snapshot.observations, life.learnt()) == (0, [0, 0, 0])
    life.observe("a", [1], number=1)
    assert life.snapshot.version == 2, "deliveries under the old declaration teach it nothing"
    life.observe("a", [1], number=2)
    assert life.learnt() == [1, 0, 0]


def test_a_warm_declaration_begins_with_what_is_archived(life):
    life.observe("bc", [1, 1])
    other = plain(policy={"belief": {"kind": "beta", "prior": [1, 9]}})
    effect = life.do("declare", {"declaration": other, "number": 1, "warm": True})
    told = {name: effect.told[name] for name in ("state", "observations", "left_out")}
    assert told == {"state": "warm", "observations": 4, "left_out": 0}
    assert (life.snapshot.observations, life.learnt()) == (4, [1, 2, 1])
    assert life.snapshot.learns_from == 2
    assert life.snapshot.watermark == life.now


@pytest.mark.parametrize(
    ("change", "keeps"),
    [
        ({}, True),
        ({"policy": {"explorer": "uniform"}}, True),
        ({"policy": {"belief": {"kind": "beta"}}}, True),
        ({"policy": {"belief": {"kind": "beta", "prior": [1.0, 1.0], "priors": {}}}}, True),
        ({"policy": {"belief": {"kind": "beta", "priors": {"a": [1, 2]}}}}, False),
        ({"layout": {"kind": "slate", "size": 2}}, False),
        ({"batch": {"every": "1s"}, "reward": {"events": {"buy": 1}}}, True),
    ],
)
def test_what_keeps_a_state(life, change, keeps):
    new = Declaration.parse(plain(**change))
    assert keeps_state(DECLARATION, new) is keeps
    body = KINDS["declare"].parse({"declaration": new.plain(), "number": 1, "warm": True})
    assert (warms_up(life.standing, body) is None) is keeps
    life.past.archived.clear()
    told = life.do("declare", {"declaration": plain(**change), "number": 1, "warm": True}).told
    assert told["state"] == ("kept" if keeps else "warm")


def test_the_same_declaration_again_changes_nothing(life):
    effect = life.do("declare", {"declaration": DECLARATION.plain(), "number": 1})
    assert (effect.told["number"], effect.snapshot, life.declared) == (1, 1, [])
    life.do("arms", {"add": ["d"]})
    effect = life.do("declare", {"declaration": DECLARATION.plain(), "number": 1})
    assert (effect.told["number"], effect.told["retired"]) == (2, 1)


def test_a_change_for_an_older_declaration_is_refused(life):
    body = {"declaration": plain(description="new"), "number": 1}
    life.ask(("declare", body), ("declare", body))
    first, second = life.effects
    assert (first.refusal, first.told["number"]) == (None, 2)
    assert second.refusal.code == "outdated"
    assert life.standing.number == 2


def test_two_declarations_in_one_commit_are_both_kept(life):
    bodies = [{"declaration": plain(description=f"{n}"), "number": n} for n in (1, 2)]
    life.ask(*[("declare", body) for body in bodies])
    assert [(one.number, one.declaration.description) for one in life.declared] == [
        (2, "1"),
        (3, "2"),
    ]
    assert (life.snapshot.version, life.snapshot.declaration) == (2, 3)


@pytest.mark.parametrize("kind", ["freeze", "rollback"])
def test_a_bandit_that_does_not_learn_is_not_declared_anew(life, kind):
    life.do(kind, {"version": 1} if kind == "rollback" else None)
    refusal = life.do("declare", {"declaration": plain(description="x"), "number": 1}).refusal
    assert refusal.code == "conflict"
    assert "resume" in refusal.hint


def test_a_declaration_of_another_name_is_refused(life):
    refusal = life.do("declare", {"declaration": plain(name="away"), "number": 1}).refusal
    assert refusal.code == "invalid-input"
