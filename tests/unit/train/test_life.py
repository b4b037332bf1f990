"""The life of a bandit: frozen, rolled back, resumed, declared anew, deleted, made again."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import numpy as np
import pytest
from life import Life, a_correction, plain
from rows import DECLARATION, observed

from tamesu.base import (
    InvalidDeclaration,
    InvalidInput,
    Outcome,
    Status,
    Time,
    Unavailable,
)
from tamesu.policy import compose
from tamesu.train import KINDS, Standing, WarmUp, observe


@pytest.fixture
def life():
    one = Life()
    one.observe("ab", [1, 0])
    return one


def test_a_frozen_bandit_serves_what_it_served_and_learns_aside(life):
    before = life.snapshot
    effect = life.do("freeze")
    assert effect.told == {"bandit_status": "frozen", "observations": 2}
    assert (life.snapshot.version, life.snapshot.since, life.snapshot.status) == (2, 2, "frozen")
    assert (life.snapshot.state, life.snapshot.watermark) == (before.state, before.watermark)
    life.observe("c", [1])
    life.observe("ca", [0, 0])
    assert life.snapshot.version == 2, "no snapshot is made of what is deferred"
    assert life.learnt() == [1, 1, 0]
    assert life.learnt(state=life.standing.deferred.state) == [2, 1, 2]
    assert life.standing.deferred.observations == 5


def test_what_waited_is_learnt_by_resume_as_if_it_had_never_waited(life):
    straight = Life()
    for step in (life, straight):
        if step is straight:
            step.observe("ab", [1, 0])
        else:
            step.do("freeze")
        step.observe("c", [1])
        step.observe("ca", [0, 0])
    effect = life.do("resume")
    assert effect.told == {"bandit_status": "learning", "observations": 5}
    assert life.snapshot.state == straight.snapshot.state
    assert (life.snapshot.version, life.snapshot.since) == (3, 3)
    assert life.snapshot.watermark == life.now, "as far as the log was learnt from"
    assert (life.snapshot.ready, life.snapshot.accepted) == (None, None)
    assert life.standing.deferred is None
    life.observe("c", [1])
    assert (life.snapshot.version, life.snapshot.since) == (4, 3)


def test_freezing_what_is_frozen_changes_nothing_and_resuming_what_learns_is_refused(life):
    first = life.do("freeze")
    again = life.do("freeze")
    assert again.told["bandit_status"] == "frozen"
    assert (again.snapshot, again.refusal) == (first.snapshot, None)
    assert life.do("resume").refusal is None
    refusal = life.do("resume").refusal
    assert (refusal.code, life.snapshot.version) == ("conflict", 3)
    assert "learning" in refusal.detail


def test_a_bandit_rolled_back_serves_that_state_and_resumes_upon_it(life):
    life.observe("cc", [1, 1])
    life.observe("cc", [1, 1])
    effect = life.do("rollback", {"version": 2})
    assert effect.told == {
        "bandit_status": "rolled_back",
        "observations": 4,
        "version": 2,
        "version_read": [2],
    }
    assert life.snapshot.state == life.past.kept[2].state
    assert life.snapshot.watermark == life.past.kept[2].watermark
    life.observe("a", [0])
    assert life.snapshot.version == 4
    assert life.do("freeze").told["bandit_status"] == "rolled_back", "it does not learn already"
    life.do("resume")
    assert life.learnt() == [2, 1, 2], "what came after version 2 and before the rollback is gone"
    assert life.snapshot.observations == 5


def test_what_was_decided_before_a_rollback_teaches_no_more(life):
    """Else a correction would take back what the state has forgotten, or never had."""
    life.observe("c", [0])
    forgotten = life.past.archived[-1]
    life.do("rollback", {"version": 1})
    moment = life.snapshot.learns_after
    assert moment == life.now
    late = [a_correction(forgotten, [0], [1])]
    assert observe(life.standing, [], Time(9), Time(9), late=late) is life.standing
    life.observe("c", [1], decided=moment)
    assert life.standing.deferred.observations == 2
    life.observe("c", [1], decided=moment + 1)
    life.do("resume")
    assert life.learnt() == [1, 1, 1]
    assert observe(life.standing, late, Time(9), Time(9)) is life.standing
    life.do("freeze")
    life.do("resume")
    assert life.snapshot.learns_after == moment


def test_a_rollback_lets_go_of_what_was_deferred(life):
    life.do("freeze")
    life.observe("c", [1])
    life.do("rollback", {"version": 1})
    life.do("resume")
    assert life.learnt() == [1, 1, 0]


def test_version_0_is_the_prior(life):
    life.do("rollback", {"version": 0})
    assert life.learnt() == [0, 0, 0]
    assert life.snapshot.observations == 0
    life.observe("a", [1])
    life.do("resume")
    assert life.learnt() == [1, 0, 0]


def test_the_arms_stay_as_they_are_in_a_rollback(life):
    life.do("arms", {"add": ["d"]})
    life.do("rollback", {"version": 1})
    assert life.standing.roster.ids == ("a", "b", "c", "d")
    life.do("arms", {"retire": ["a"]})
    assert (life.status, life.standing.roster.ids) == ("rolled_back", ("b", "c", "d"))
    assert life.snapshot.since == 3, "arms are no matter of status"
    assert life.standing.deferred is not None


def test_a_version_that_is_not_kept_is_refused_with_those_near_it(life):
    for _ in range(6):
        life.observe("a", [1])
    for version in (3, 4):
        del life.past.kept[version]
    refusal = life.do("rollback", {"version": 4}).refusal
    assert refusal.code == "not-found"
    assert "1, 2, 5, 6, 7" in refusal.detail
    life.past.kept.clear()
    assert "none but 0" in life.do("rollback", {"version": 99}).refusal.detail


def test_a_version_of_another_lineage_is_refused(life):
    body = {
        "declaration": plain(policy={"belief": {"kind": "beta", "prior": [1, 9]}}),
        "number": 1,
    }
    assert life.do("declare", body).told["state"] == "new"
    refusal = life.do("rollback", {"version": 1}).refusal
    assert refusal.code == "conflict"
    assert "declaration 2" in refusal.detail
    assert life.do("rollback", {"version": 2}).refusal is None


def test_a_state_that_cannot_be_read_refuses_the_rollback_and_nothing_else(life):
    life.past.kept[1] = msgspec.structs.replace(life.past.kept[1], state=b"torn")
    assert life.do("rollback", {"version": 1}).refusal.code == "corrupt"
    assert life.status is Status.LEARNING


def test_a_past_that_cannot_be_looked_at_now_is_no_answer(life, monkeypatch):
    def down(_):
        raise Unavailable("the store is down")

    monkeypatch.setattr(life.past, "snapshot", down)
    with pytest.raises(Unavailable):
        life.do("rollback", {"version": 1})


@pytest.mark.parametrize(
    ("kind", "body", "error"),
    [
        ("rollback", None, InvalidInput),
        ("rollback", {}, InvalidInput),
        ("rollback", {"version": -1}, InvalidInput),
        ("rollback", {"version": True}, InvalidInput),
        ("rollback", {"version": 1 << 70}, InvalidInput),
        ("rollback", {"version": 1, "to": 2}, InvalidInput),
        ("freeze", {"version": 1}, InvalidInput),
        ("resume", [], InvalidInput),
        ("declare", {"number": 1}, InvalidInput),
        ("declare", {"declaration": {"name": "x", "arms": []}, "number": 1}, InvalidDeclaration),
    ],
)
def test_a_body_that_cannot_be_is_refused_before_it_is_asked(kind, body, error):
    with pytest.raises(error):
        KINDS[kind].parse(body)


def test_a_deleted_bandit_learns_nothing_and_takes_no_commands(life):
    life.do("freeze")
    effect = life.do("delete")
    assert effect.told == {"bandit_status": "deleted", "observations": 2, "declaration": 1}
    assert life.standing.deferred is None
    version = life.snapshot.version
    life.observe("a", [1])
    assert life.snapshot.version == version
    bodies = {
        "arms": {"add": ["d"]},
        "declare": {"declaration": plain(), "number": 1},
        "rollback": {"version": 1},
    }
    assert bodies.keys() < KINDS.keys()
    for kind in KINDS:
        assert life.do(kind, bodies.get(kind)).refusal.code == "not-found", kind


def test_one_made_again_goes_on_with_the_numbers_and_with_nothing_else(life):
    life.do("arms", {"add": ["d"]})
    life.do("delete")
    last = life.snapshot
    life.standing = Standing.begun(DECLARATION, 2, compose(DECLARATION), Time(50), last=last)
    assert (life.status, life.learnt("abcd")) == ("learning", [0, 0, 0, 0])
    life.observe("a", [1], number=1)
    assert life.snapshot.version == last.version, "nothing is learnt of the one that was deleted"
    life.observe("a", [1], number=2)
    snapshot = life.snapshot
    assert (snapshot.version, snapshot.declaration) == (last.version + 1, 2)
    assert (snapshot.learns_from, snapshot.roster) == (2, last.roster + 1)
    assert life.standing.roster.ids == ("a", "b", "c")
    life.do("arms", {"retire": ["b"]})
    assert life.snapshot.roster == last.roster + 2
    assert life.do("rollback", {"version": 1}).refusal.code == "conflict"


def test_the_first_roster_of_one_made_again_leaves_no_gap(life):
    life.do("arms", {"add": ["d"]})
    life.do("delete")
    last = life.snapshot
    life.standing = Standing.begun(DECLARATION, 2, compose(DECLARATION), Time(50), last=last)
    life.do("arms", {"retire": ["b"]})
    assert (life.snapshot.roster, life.standing.roster.number) == (last.roster + 1,) * 2
    assert life.standing.roster.ids == ("a", "c")


def test_commands_of_one_commit_make_one_snapshot(life):
    life.ask(("freeze", None), ("arms", {"add": ["d"]}), ("resume", None), ("freeze", None))
    assert [effect.refusal for effect in life.effects] == [None] * 4
    assert {effect.snapshot for effect in life.effects} == {2}
    assert (life.snapshot.version, life.snapshot.since, life.status) == (2, 2, "frozen")
    assert life.snapshot.read == (life.now,)
    assert life.standing.deferred.observations == 2


def test_late_rows_say_nothing_of_freshness(life):
    rows = observed("ab", [1, 0])
    late = a_correction(rows, [1, 0], [0, 1])
    after = observe(life.standing, [], Time(9), Time(9), late=[late], read=(7,))
    snapshot = after.learnt.snapshot
    assert (snapshot.ready, snapshot.accepted, snapshot.read) == (None, None, (7,))
    assert (snapshot.version, snapshot.observations) == (2, 2)
    policy = after.policy
    rates = [row.mean for row in policy.summary(after.learnt.state, ("a", "b"), Time(0))]
    assert rates == [1 / 3, 2 / 3]


def test_a_warm_up_leaves_out_what_its_belief_cannot_learn(life):
    """A reward of 2 is neither learnt nor taken back; of two corrections the learnable ends count."""
    rows = observed("aabb", [0, 0, 0, 0])
    first = replace(rows, reward=np.array([1, 2, 0, 2]) << 20)
    second = a_correction(rows, [1, 2, 0, 2], [2, 1, 2, 2])
    halves = [first, second]
    for order in (halves, halves[::-1], [first.take([row]) for row in range(4)] + [second]):
        warm = WarmUp(life.standing.policy, life.past.rewards.get)
        for group in order:
            warm.take(group)
        assert life.learnt("ab", warm.state) == [1, 0]
        assert (warm.observations, warm.left_out) == (1, 4)


def test_an_unshown_row_that_becomes_seen_is_learnt_and_one_that_ceases_is_taken_back(life):
    rows = observed("a", [1])
    unshown = replace(rows, outcome=np.array([Outcome.UNSHOWN]), reward=np.array([0]))
    seen = a_correction(rows, [None], [1])
    warm = WarmUp(life.standing.policy, life.past.rewards.get)
    warm.take(unshown)
    warm.take(seen)
    assert (life.learnt("a", warm.state), warm.observations) == ([1], 1)
    warm.take(a_correction(unshown, [1], [0], correction=2))
    assert (life.learnt("a", warm.state), warm.observations) == ([0], 0)
