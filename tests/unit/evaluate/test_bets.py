"""Bets against propensities: on what they are laid, so that nothing that a log can tell of goes unseen."""

from __future__ import annotations

import numpy as np

from tamesu.evaluate import Rounds, evaluated


def evidence(rounds, target):
    return evaluated(rounds, target, estimators=["snips"]).diagnostics.calibration


def test_what_only_the_target_policy_knows_tells_too():
    """Two kinds of people, of whom no column tells: of one an arm is logged too small and the other too large.

    Of each arm the propensities are right in the mean, and so they are at any time; the target policy takes the arm whose
    are too small: its weights have the mean 1.25.
    """
    rng = np.random.default_rng(1)
    n = 4_000
    kind, arm = rng.integers(0, 2, (2, n))
    rounds = Rounds.of(arm, rng.random(n), np.where(arm == kind, 0.4, 2 / 3), among=[0, 1])
    target = np.eye(2)[kind]
    found = evidence(rounds, target)
    assert found.evidence > 6
    assert "target" in found.against
    assert evidence(rounds, np.full((n, 2), 0.5)).evidence < 2


def test_it_is_the_order_of_the_log_that_is_bet_on_and_not_that_of_its_rows():
    """Of one arm they are too small in the first half and too large in the second, of the other likewise reversed."""
    rng = np.random.default_rng(2)
    n = 6_000
    arm = rng.integers(0, 2, n)
    said = np.where((np.arange(n) < n // 2) == (arm == 1), 0.35, 0.875)
    rounds = Rounds.of(arm, rng.random(n), said, among=[0, 1])
    even = np.full((n, 2), 0.5)
    mixed = rounds.take(rng.permutation(n))
    assert evidence(mixed, even).evidence > 6
    assert abs(evidence(mixed, even).evidence - evidence(rounds, even).evidence) < 1
