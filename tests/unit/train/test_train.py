"""Learning from observations: what teaches, when a micro-batch closes, what a snapshot says."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from rows import DECLARATION, observed

from tamesu.base import Batch, Duration, Outcome, Time
from tamesu.base.observations import NO_TIME
from tamesu.policy import Policy, compose
from tamesu.train import Pending, learn, prior, teach


@pytest.fixture
def policy() -> Policy:
    return compose(DECLARATION)


def counts(policy: Policy, state) -> dict[str, int]:
    rows = policy.summary(state, ("a", "b", "c", "gone"), Time(0))
    return {row.arm: row.observations for row in rows}


def test_each_observed_row_teaches_once(policy):
    state, learnt = learn(policy, policy.init(), observed("abca", [1, 0, 0, 1]))
    assert learnt == 4
    assert counts(policy, state) == {"a": 2, "b": 1, "c": 1, "gone": 0}


def test_what_was_never_seen_or_answered_by_a_fallback_teaches_nothing(policy):
    rows = observed("abc", [1, 1, 1])
    rows = replace(
        rows,
        outcome=np.array([Outcome.UNSHOWN, Outcome.OBSERVED, Outcome.UNEXAMINED]),
        fallback=np.array([False, True, False]),
    )
    before = policy.init()
    state, learnt = learn(policy, before, rows)
    assert learnt == 0
    assert state is before


def test_an_arm_that_is_no_longer_declared_keeps_learning(policy):
    rows = replace(observed("ab", [1, 0]), arm=np.array(["gone", "a"], dtype=object))
    state, learnt = learn(policy, policy.init(), rows)
    assert learnt == 2
    assert counts(policy, state) == {"a": 1, "b": 0, "c": 0, "gone": 1}


def test_any_cut_and_any_order_of_the_rows_give_the_same_bytes(policy):
    rng = np.random.default_rng(5)
    rows = observed("abcab" * 20, rng.integers(0, 2, 100).tolist())
    whole, _ = learn(policy, policy.init(), rows)
    shuffled = rows.take(rng.permutation(100))
    state = policy.init()
    for start, end in ((0, 1), (1, 40), (40, 40), (40, 100)):
        state, _ = learn(policy, state, shuffled.take(slice(start, end)))
    assert policy.encode(state) == policy.encode(whole)


def a_batch(_bandit: str) -> Batch:
    return Batch(size=5, every=Duration(500_000))


def test_nothing_is_due_while_nothing_waits():
    pending = Pending()
    pending.add([], Time(0))
    assert len(pending) == 0
    assert not pending.is_due(Time(10**9), a_batch)
    assert pending.groups() == []


def test_a_micro_batch_closes_at_its_size():
    pending = Pending()
    pending.add([observed("abca", [0] * 4)], Time(0))
    assert not pending.is_due(Time(1), a_batch)
    pending.add([observed("a", [0])], Time(1))
    assert pending.is_due(Time(1), a_batch)


def test_the_sizes_of_two_bandits_do_not_add_up():
    pending = Pending()
    pending.add([observed("abc", [0] * 3), observed("abc", [0] * 3, bandit="aside")], Time(0))
    assert len(pending) == 6
    assert not pending.is_due(Time(1), a_batch)


def test_a_micro_batch_closes_when_its_oldest_has_waited_long_enough():
    pending = Pending()
    pending.add([observed("a", [0])], Time(100))
    pending.add([observed("b", [0])], Time(400_000))
    assert not pending.is_due(Time(500_099), a_batch)
    assert pending.is_due(Time(500_100), a_batch)


def test_a_clock_that_stepped_back_closes_it():
    pending = Pending()
    pending.add([observed("a", [0])], Time(1_000_000))
    assert pending.is_due(Time(999_999), a_batch)


def test_groups_come_by_bandit_and_declaration_with_rows_in_the_order_given():
    pending = Pending()
    pending.add([observed("ab", [0, 0]), observed("c", [0], bandit="aside")], Time(0))
    pending.add([observed("c", [0], number=2), observed("ca", [0, 0])], Time(0))
    groups = pending.groups()
    assert [(one.bandit, one.declaration, "".join(one.arm)) for one in groups] == [
        ("aside", 1, "c"),
        ("home", 1, "abca"),
        ("home", 2, "c"),
    ]


def test_a_lesson_gives_the_next_version_with_all_that_was_learnt(policy):
    start = prior("home", 3, policy, Time(1))
    assert start.snapshot.version == 0
    rows = [observed("ab", [1, 0], number=3), observed("c", [0], number=3)]
    first = teach(policy, start, rows[:1], Time(10), Time(9))
    second = teach(policy, first, [rows[1], observed("a", [1], number=4)], Time(20), Time(19))
    assert (second.snapshot.version, second.snapshot.observations) == (2, 4)
    assert (second.snapshot.created, second.snapshot.watermark) == (20, 19)
    assert (second.snapshot.bandit, second.snapshot.declaration) == ("home", 3)
    assert policy.encode(policy.decode(second.snapshot.state)) == policy.encode(second.state)
    assert counts(policy, second.state) == {"a": 2, "b": 1, "c": 1, "gone": 0}


def test_a_lesson_without_evidence_makes_no_version(policy):
    rows = replace(observed("a", [1]), outcome=np.array([Outcome.UNSHOWN]))
    assert teach(policy, prior("home", 1, policy, Time(0)), [rows], Time(1), Time(1)) is None


def test_a_snapshot_says_since_when_what_it_learnt_could_be_known(policy):
    rows = replace(
        observed("abc", [1, 0, 1]),
        outcome=np.array([Outcome.UNSHOWN, Outcome.OBSERVED, Outcome.OBSERVED]),
        accepted=np.array([3, NO_TIME, 1_500_000]),
    )
    learnt = teach(policy, prior("home", 1, policy, Time(0)), [rows], Time(9), Time(9))
    assert (learnt.snapshot.ready, learnt.snapshot.accepted) == (1_000_000, 1_500_000)
    rows = replace(rows, accepted=np.full(3, NO_TIME))
    learnt = teach(policy, prior("home", 1, policy, Time(0)), [rows], Time(9), Time(9))
    assert learnt.snapshot.accepted is None
