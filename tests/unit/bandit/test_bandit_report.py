"""What a bandit in memory says of how it stands."""

from __future__ import annotations

import msgspec
import pytest

import tamesu
from tamesu.base import Corrupt, InvalidInput

MONEY = {"belief": "gaussian", "reward": {"range": [0, 50]}}


def test_a_report_counts_what_was_decided_learnt_and_earned():
    bandit = tamesu.Bandit(arms=["a", 2], seed=7)
    rewards = {"a": 0, 2: 0}
    for turn in range(20):
        decision = bandit.decide()
        if turn % 4:
            bandit.learn(decision, reward=turn % 2)
            rewards[decision.arm] += turn % 2
    bandit.learn_logged([2, 2], [1, 1])
    rewards[2] += 2
    report = bandit.report()
    assert (report.decisions, report.learnt, report.observations) == (20, 15, 17)
    assert report.rewards == sum(rewards.values()) == 12
    assert {row.arm: row.rewards for row in report.arms} == rewards
    for row, believed in zip(report.arms, bandit.summary(), strict=True):
        assert {**msgspec.structs.asdict(row), **msgspec.structs.asdict(believed)} == (
            msgspec.structs.asdict(row)
        )


def test_positions_with_beliefs_of_their_own_earn_apart_others_together():
    for layout, earned in (("per_position", {0: 1.0, 1: 2.0}), ("slate", {None: 3.0})):
        bandit = tamesu.Bandit(arms=["a", "b"], layout=layout, size=2, seed=7)
        bandit.learn_logged(["a", "a", "a", "b"], [1, 1, 1, 0], positions=[0, 1, 1, 0])
        rows = bandit.report().arms
        assert {row.position: row.rewards for row in rows if row.arm == "a"} == earned
        assert bandit.report().rewards == 3


def test_what_faded_and_what_was_clipped_was_earned_all_the_same():
    bandit = tamesu.Bandit(arms=["a", "b"], seed=7, forgetting={"half_life": "1m"}, **MONEY)
    bandit.learn_logged(["a", "b", "a"], [60, 10, -0.5], ages=[5000, 0, 0])
    report = bandit.report()
    assert (report.rewards, report.observations) == (69.5, 3)
    assert [row.clipped for row in report.arms] == [2, 0]
    assert "2 rewards were clipped" in str(report)


def test_what_a_retired_arm_earned_stays():
    bandit = tamesu.Bandit(arms=["a", "b"], seed=7)
    bandit.learn_logged(["a", "b"], [1, 1])
    bandit.retire_arm("a")
    rows = bandit.report().arms
    assert [(row.arm, row.active, row.share, row.rewards) for row in rows] == [
        ("b", True, 1.0, 1.0),
        ("a", False, 0.0, 1.0),
    ]


def test_sums_of_any_size_survive_bytes():
    wide = {"belief": "gaussian", "reward": {"range": [0, 1e9]}}
    bandit = tamesu.Bandit(arms=["a", "b"], seed=7, **wide)
    bandit.learn_logged(["a"] * 9, [4e12] * 9)
    report = bandit.report()
    assert report.rewards == 3.6e13
    assert tamesu.Bandit.from_bytes(bandit.to_bytes()).report() == report


def test_bytes_that_did_not_keep_what_was_earned_say_that_it_is_not_known():
    bandit = tamesu.Bandit(arms=["a", "b"], seed=7)
    bandit.learn_logged(["a"], [1])
    parts = msgspec.msgpack.decode(bandit.to_bytes())
    old = tamesu.Bandit.from_bytes(msgspec.msgpack.encode(parts[:-1]))
    old.learn_logged(["b"], [1])
    assert old.report().rewards is None
    assert old.report().arms[1].rewards is None
    assert "? earned" in str(old.report())
    for wrong in ({"a": ["1", "2"]}, {"a": ["much"]}):
        with pytest.raises(Corrupt):
            tamesu.Bandit.from_bytes(msgspec.msgpack.encode([*parts[:-1], wrong]))


def test_a_report_prints_within_eighty_columns():
    bandit = tamesu.Bandit(arms=["a" * 60, "b"], layout="per_position", size=2, seed=7)
    lines = str(bandit.report()).splitlines()
    assert len(lines) == 2 + 4
    assert max(map(len, lines)) <= 80
    assert len({len(line) for line in lines[1:]}) == 1


@pytest.mark.parametrize("positions", [[0.5, 1], [0, 2], [-1, 0], [0, None], ["top", 1]])
def test_positions_that_cannot_be_are_refused(positions):
    bandit = tamesu.Bandit(arms=["a", "b"], layout="per_position", size=2, seed=7)
    with pytest.raises(InvalidInput, match="positions must be"):
        bandit.learn_logged(["a", "b"], [1, 0], positions=positions)
    assert bandit.report().observations == 0
