"""Propensities that are wrong are told, in all ways that a log can tell; right ones hardly ever are."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from rounds_in_contexts import ARMS, logged, uniform

from tamesu.base import InvalidInput
from tamesu.evaluate import Rounds, Trust, evaluated
from tamesu.evaluate.lot import evenly


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


LIKINGS = {
    "a column": lambda x: x[:, 0],
    "a column with one value out of all proportion": lambda x: np.where(x[:, 0] > 1e5, 0, x[:, 0]),
    "how far a column lies from its middle": lambda x: np.abs(x[:, 0]) - 0.8,
    "whether two columns have one sign": lambda x: np.sign(x[:, 0] * x[:, 1]),
}
"""What a policy likes its first arm for, and its second one for the contrary."""


@pytest.mark.parametrize("liking", LIKINGS, ids=LIKINGS)
def test_propensities_of_arms_that_do_not_know_of_contexts_are_told(liking):
    """How often each arm was chosen in the mean: right for it, and wrong in every context."""
    n = 6_000
    rng = np.random.default_rng(6)
    contexts = rng.normal(size=(n, 3))
    if "proportion" in liking:
        contexts[7] = 1e6
    liked = LIKINGS[liking](contexts)
    scores = np.exp(np.stack([liked, -liked, 0 * liked, 0 * liked], axis=1))
    shares = 0.9 * scores / scores.sum(axis=1, keepdims=True) + 0.1 / ARMS
    arms = (shares.cumsum(axis=1) < rng.random((n, 1))).sum(axis=1).clip(max=ARMS - 1)
    overall = np.bincount(arms, minlength=ARMS) / n
    found = [
        evaluated(
            Rounds.of(arms, rng.random(n), propensities, among=range(ARMS), contexts=contexts),
            uniform_of(n),
            estimators=["snips"],
        )
        for propensities in (shares[np.arange(n), arms], overall[arms])
    ]
    assert found[0].verdict.trust is Trust.TRUSTWORTHY
    assert reasons(found[1])["evidence"] is Trust.REFUSE


def test_some_of_a_long_log_are_not_all_of_one_kind():
    """Every third row, of three positions in turn, would be one position; none is taken twice, of few all are."""
    for n, most in ((300_000, 100_000), (100_001, 10_001), (1_000, 999), (7, 100), (0, 5), (10, 1)):
        rows = evenly(n, most)
        assert len(rows) <= most
        assert (np.diff(rows) > 0).all()
        assert len(rows) >= 0.6 * min(n, most)
        if n > 10_000:
            assert np.bincount(rows % 3).min() > 0.3 * len(rows)
            assert np.bincount(rows % 10).min() > 0.08 * len(rows)
    assert evenly(7, 100).tolist() == list(range(7))


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
