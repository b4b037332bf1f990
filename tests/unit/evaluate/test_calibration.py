"""Propensities that are wrong are told, in all ways that a log can tell; right ones hardly ever are."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from rounds_in_contexts import ARMS, logged, uniform

from tamesu.base import InvalidInput
from tamesu.evaluate import Rounds, Trust, evaluated


def reasons(found):
    return {reason.what: reason.trust for reason in found.verdict.reasons}


def swapped_within(propensities, arms):
    """Each arm's propensities among its own rows: how often each was chosen, and how likely, stay as they were."""
    rng, mixed = np.random.default_rng(0), propensities.copy()
    for arm in range(ARMS):
        mixed[arms == arm] = rng.permutation(propensities[arms == arm])
    return mixed


WRONG = {
    "of the row before": (lambda p, _: np.roll(p, 1), "evidence"),
    "of any row": (lambda p, _: np.random.default_rng(0).permutation(p), "evidence"),
    "of rows of the same arm": (swapped_within, "evidence"),
    "of not being chosen": (lambda p, _: np.clip(1 - p, 0.01, 1), "missing weight"),
    "too small": (lambda p, _: 0.8 * p, "evidence"),
    "too small, of one arm": (lambda p, a: np.where(a == 2, 0.6 * p, p), "evidence"),
    "too large": (lambda p, _: np.clip(1.3 * p, 0, 1), "missing weight"),
    "of a sure choice": (lambda p, _: np.ones_like(p), "missing weight"),
    "in per cent, cut": (lambda p, _: np.clip(100 * p, 0, 1), "missing weight"),
    "a logarithm, cut": (lambda p, _: np.clip(-np.log(p), 1e-3, 1), "missing weight"),
}
"""Propensities that are none of the rounds they stand in, and what tells so."""


@pytest.mark.parametrize(("wrong", "what"), WRONG.values(), ids=WRONG)
def test_a_wrong_propensity_never_passes_silently(wrong, what):
    rounds, _, _ = logged(6_000)
    found = evaluated(
        replace(rounds, propensity=wrong(rounds.propensity, rounds.chosen)), uniform(rounds)
    )
    assert found.verdict.trust is not Trust.TRUSTWORTHY
    assert what in reasons(found)


def test_propensities_that_are_a_little_too_large_are_told_where_the_log_is_long_enough():
    """By 3 %: an interval of 20,000 uniform rounds is narrower than what that does to a mean."""
    n = 20_000
    rng = np.random.default_rng(4)
    rounds = Rounds.of(rng.integers(0, ARMS, n), rng.random(n), [1.03 / ARMS] * n)
    target = np.tile([0.4, 0.3, 0.2, 0.1], (n, 1))
    assert reasons(evaluated(rounds, target))["missing weight"] is Trust.WEAK
    right = replace(rounds, propensity=rounds.propensity / 1.03)
    assert evaluated(right, target).verdict.trust is Trust.TRUSTWORTHY


@pytest.mark.parametrize("propensity", [0.0, 1.5, np.nan, -0.1])
def test_rounds_that_were_changed_by_hand_are_looked_at_again(propensity):
    rounds, _, _ = logged(100)
    changed = rounds.propensity.copy()
    changed[8] = propensity
    with pytest.raises(InvalidInput, match=r"propensities must lie in \(0, 1\], got .* in row 8"):
        evaluated(replace(rounds, propensity=changed), uniform(rounds))


def test_a_distribution_that_is_not_the_logged_one_is_refused():
    rounds, shares, _ = logged(100)
    found = evaluated(rounds, uniform(rounds), logging=shares)
    assert found.diagnostics.rounds == 100
    swapped = rounds.propensity.copy()
    swapped[[3, 4]] = swapped[[4, 3]]
    with pytest.raises(InvalidInput, match="in row 3 \\(2 such rows\\)"):
        evaluated(replace(rounds, propensity=swapped), uniform(rounds), logging=shares)


def test_swaps_are_found_by_time_where_a_policy_was_learning():
    """No context: half way an arm is found to be best. Propensities of one half in the other."""
    rng = np.random.default_rng(3)
    shares = np.array([[0.25] * 4] * 2_000 + [[0.7, 0.1, 0.1, 0.1]] * 2_000)
    arms = (shares.cumsum(axis=1) < rng.random((4_000, 1))).sum(axis=1).clip(max=3)
    right = shares[np.arange(4_000), arms]
    rewards = rng.random(4_000)
    evidence = [
        evaluated(
            Rounds.of(arms, rewards, propensities, among=range(4)), uniform_of(4_000)
        ).diagnostics.calibration.evidence
        for propensities in (right, right[::-1])
    ]
    assert evidence[0] < 2
    assert evidence[1] > 20


def uniform_of(n):
    return np.full((n, ARMS), 1 / ARMS)


def test_right_propensities_are_hardly_ever_thought_wrong():
    """By chance above x in 10^-x of logs at most; heavy tails, few rounds and eligible sets included."""
    found = []
    for seed in range(300):
        rng = np.random.default_rng(seed)
        n, k = int(rng.integers(1, 400)), int(rng.integers(2, 9))
        shares = rng.dirichlet(np.full(k, 0.2), n)
        eligible = rng.random((n, k)) < 0.7
        eligible[:, 0] = True
        shares = np.where(eligible, shares + 1e-6, 0)
        shares /= shares.sum(axis=1, keepdims=True)
        arms = (shares.cumsum(axis=1) < rng.random((n, 1))).sum(axis=1).clip(max=k - 1)
        arms = np.where(eligible[np.arange(n), arms], arms, 0)
        propensities = shares[np.arange(n), arms]
        rounds = Rounds.of(
            arms,
            np.zeros(n),
            propensities,
            among=range(k),
            eligible=eligible,
            contexts=rng.random((n, 2)),
        )
        target = eligible / eligible.sum(axis=1, keepdims=True)
        found.append(evaluated(rounds, target, estimators=["ips"]).diagnostics.calibration.evidence)
    # A wealth of 100 has a chance of 1 % at most each time: 18 of 300 with a probability below 1e-8.
    assert np.count_nonzero(np.array(found) > 2) < 18
    assert max(found) < 6
