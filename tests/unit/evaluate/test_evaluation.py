"""An evaluation: what is told of a log before its numbers, what its verdict is, and what each estimand counts."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from tamesu.base import InvalidInput
from tamesu.evaluate import LIMITS, Bounds, Evaluation, Rounds, Trust, evaluated, per_arm, ridge

ARMS = 4


def logged(n, seed=0, arms=ARMS, sharpness=1.0):
    """Rounds whose propensities depend on a context of two columns, the distributions, and true rewards (n, K)."""
    rng = np.random.default_rng(seed)
    contexts = rng.normal(size=(n, 2))
    slopes = np.random.default_rng(1).normal(size=(2, arms))
    scores = np.exp(sharpness * contexts @ slopes)
    shares = 0.8 * scores / scores.sum(axis=1, keepdims=True) + 0.2 / arms
    chosen = (shares.cumsum(axis=1) < rng.random((n, 1))).sum(axis=1).clip(max=arms - 1)
    truth = 1 / (1 + np.exp(-(contexts @ np.random.default_rng(2).normal(size=(2, arms)))))
    rewards = (rng.random(n) < truth[np.arange(n), chosen]).astype(float)
    propensities = shares[np.arange(n), chosen]
    rounds = Rounds.of(chosen, rewards, propensities, among=range(arms), contexts=contexts)
    return rounds, shares, truth


def uniform(rounds):
    return np.full((len(rounds), len(rounds.arms)), 1 / len(rounds.arms))


def reasons(found):
    return {reason.what: reason.trust for reason in found.verdict.reasons}


def test_a_sound_log_is_trusted_and_its_truth_met():
    rounds, _, truth = logged(6_000)
    found = evaluated(rounds, uniform(rounds), confidence=1 - 1e-7)
    assert found.verdict == type(found.verdict)(Trust.TRUSTWORTHY, ())
    assert [(one.estimator, one.estimand.value) for one in found.estimates] == [
        ("snips", "decision"),
        ("dr", "decision"),
    ]
    for one in found.estimates:
        assert one.interval.low < truth.mean() < one.interval.high
        assert one.interval.high - one.interval.low < 0.15
    assert not found.refused


def test_the_logging_policy_itself_is_worth_its_own_rounds():
    rounds, shares, _ = logged(800)
    found = evaluated(rounds, shares, estimators=["ips", "snips"])
    weights = found.diagnostics.weights
    assert (weights.effective, weights.mean, weights.largest, weights.error) == (800, 1, 1, 0)
    (mean,) = found.logged
    assert {one.value for one in found.estimates} == {mean.value} == {rounds.reward.mean()}
    assert found.verdict.trust is Trust.TRUSTWORTHY


def test_what_is_told_goes_into_json():
    rounds, _, _ = logged(200)
    found = evaluated(rounds, uniform(rounds), left_out={"fallbacks": 3})
    told = json.loads(json.dumps(found.plain(), allow_nan=False))
    assert told["verdict"]["trust"] == "weak"
    assert told["verdict"]["reasons"][0]["what"] in LIMITS
    assert told["left_out"] == {"fallbacks": 3}
    assert told["estimates"][0]["interval"].keys() == {"low", "high"}
    assert told["diagnostics"]["weights"]["effective"] == pytest.approx(
        found.diagnostics.weights.effective
    )


def test_one_round_that_carries_all_is_refused_and_its_numbers_are_not_told():
    rounds, _, _ = logged(2_000)
    propensity = rounds.propensity.copy()
    propensity[7] = 1e-6
    found = evaluated(replace(rounds, propensity=propensity), uniform(rounds))
    assert found.refused
    assert found.verdict.reasons[0].what == "effective rounds"
    told = found.verdict.reasons[0].told
    assert "worth 1 of the target policy's, less than 50" in told
    assert "largest weight is 250,000" in told
    assert "carries 99% of all" in told
    assert found.plain()["estimates"] is None
    assert found.plain(anyway=True)["estimates"][0]["value"] == found.estimates[0].value
    assert isinstance(found, Evaluation)


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


def test_arms_that_were_never_chosen_are_told():
    rng = np.random.default_rng(5)
    rounds = Rounds.of(
        rng.integers(0, 3, 4_000), rng.random(4_000), [1 / 3] * 4_000, among=range(4)
    )
    found = evaluated(rounds, uniform(rounds))
    assert found.diagnostics.weights.untried == pytest.approx(0.25)
    assert reasons(found) == {"missing weight": Trust.WEAK, "untried": Trust.WEAK}
    only = np.tile([0.0, 0, 0, 1], (4_000, 1))
    found = evaluated(rounds, only)
    assert reasons(found)["untried"] is reasons(found)["missing weight"] is Trust.REFUSE
    assert found.plain(anyway=True)["estimates"][0]["value"] is None


def test_units_with_many_rounds_count_as_one_each():
    rounds, _, _ = logged(3_000)
    found = evaluated(replace(rounds, cluster=np.arange(3_000) % 30), uniform(rounds))
    assert reasons(found) == {"effective clusters": Trust.WEAK}
    found = evaluated(replace(rounds, cluster=np.arange(3_000) % 10), uniform(rounds))
    assert reasons(found) == {"effective clusters": Trust.REFUSE}


def test_rare_rewards_and_none_are_told():
    rounds, _, _ = logged(3_000)
    few = replace(rounds, reward=np.where(np.arange(3_000) < 12, 1.0, 0.0))
    assert reasons(evaluated(few, uniform(few)))["effective rewards"] is Trust.WEAK
    none = replace(rounds, reward=np.zeros(3_000))
    assert reasons(evaluated(none, uniform(none)))["no rewards"] is Trust.WEAK


def test_a_world_that_changed_half_way_is_told():
    rounds, _, _ = logged(4_000)
    moved = replace(rounds, reward=rounds.reward + np.where(np.arange(4_000) < 2_000, 0.0, 0.5))
    found = evaluated(moved, uniform(moved))
    assert reasons(found) == {"drift": Trust.WEAK}
    drift = found.diagnostics.drift
    assert [part.rounds for part in drift.parts] == [400] * 10
    assert drift.halves[1].target - drift.halves[0].target == pytest.approx(0.5, abs=0.1)
    # The order is that of time, whatever order they stand in.
    turned = evaluated(moved.take(slice(None, None, -1)), uniform(moved))
    assert turned.diagnostics.drift.target == pytest.approx(drift.target)


def test_per_impression_counts_the_impressions_of_the_target_policy():
    """Showing depends on the arm: one is seen by 9 of 10 and clicked by 2 of 10 who see it, one by 3 and 6 of 10.

    The logging policy gives them 4/5 and 1/5, the target policy 1/5 and 4/5. Seen by it: .2 * .9 + .8 * .3 = .42 of
    decisions, clicked .2 * .9 * .2 + .8 * .3 * .6 = .18: per impression 3/7. Whoever takes the rows that were seen for
    all there are has the sum of w r over the logging policy's impressions, .8 * .9 + .2 * .3 = .78 of decisions: .18 / .78,
    too low by the factor .42 / .78 = 7/13, however long the log.
    """
    rng = np.random.default_rng(11)
    n = 40_000
    arms = (rng.random(n) < 0.2).astype(int)
    shown = rng.random(n) < np.where(arms == 0, 0.9, 0.3)
    clicked = shown & (rng.random(n) < np.where(arms == 0, 0.2, 0.6))
    rounds = Rounds.of(
        arms,
        clicked.astype(float),
        np.where(arms == 0, 0.8, 0.2),
        among=[0, 1],
        shown=shown,
    )
    found = evaluated(
        rounds,
        np.tile([0.2, 0.8], (n, 1)),
        estimators=["ips", "snips", "dr", "sndr"],
        estimands=["decision", "impression"],
        confidence=1 - 1e-7,
    )
    truth = {"decision": 0.18, "impression": 3 / 7}
    for one in found.estimates:
        assert one.interval.low < truth[one.estimand.value] < one.interval.high, one
        assert one.interval.high - one.interval.low < 0.1
    seen = rounds.take(rounds.shown)
    naive = evaluated(seen, np.tile([0.2, 0.8], (len(seen), 1)), estimators=["ips"])
    assert naive.estimates[0].value == pytest.approx(3 / 7 * 7 / 13, rel=0.05)
    assert [one.value for one in found.logged] == pytest.approx(
        [0.8 * 0.9 * 0.2 + 0.2 * 0.3 * 0.6, (0.144 + 0.036) / 0.78], rel=0.06
    )


def test_both_estimands_are_one_where_everything_was_seen():
    rounds, _, _ = logged(500)
    found = evaluated(rounds, uniform(rounds), estimands=["decision", "impression"])
    values = {}
    for one in found.estimates:
        values.setdefault(one.estimator, set()).add(round(one.value, 12))
    assert [len(of) for of in values.values()] == [1, 1]


def test_most_deliveries_unseen_is_told():
    rounds, _, _ = logged(3_000)
    unseen = Rounds.of(
        rounds.chosen,
        rounds.reward,
        rounds.propensity,
        among=range(ARMS),
        shown=np.arange(3_000) % 3 == 0,
    )
    assert reasons(evaluated(unseen, uniform(unseen))) == {"unshown": Trust.WEAK}


def test_expected_rewards_come_as_a_table_a_function_or_a_model():
    rounds, _, truth = logged(1_000)
    target = uniform(rounds)

    def dm(predicted):
        (one,) = evaluated(rounds, target, estimators=["dm"], predicted=predicted).estimates
        return one.value

    assert dm(truth) == pytest.approx(truth.mean(), abs=1e-12)
    assert dm(lambda part: truth[part.row]) == pytest.approx(truth.mean(), abs=1e-12)
    assert dm(per_arm()) == pytest.approx(rounds.reward.mean(), abs=0.05)
    # Without any, contexts are looked at.
    assert abs(dm(None) - truth.mean()) < 0.05
    # The place of a round in a larger whole changes nothing.
    some = rounds.take(rounds.row >= 500)
    again = evaluated(some, uniform(some), estimators=["dr"]).estimates[0].value
    fresh = replace(some, row=np.arange(len(some)))
    assert again == evaluated(fresh, uniform(fresh), estimators=["dr"]).estimates[0].value


def test_expected_rewards_say_nothing_of_being_seen():
    rounds, _, truth = logged(400)
    hidden = replace(rounds, shown=np.arange(400) % 2 == 0)
    with pytest.raises(InvalidInput, match="learn how likely arms are seen"):
        evaluated(hidden, uniform(hidden), predicted=truth, estimands=["impression"])


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({"estimators": ["drr"]}, "unknown estimator 'drr'"),
        ({"estimators": [{"kind": "switch_dr", "treshold": 1}]}, "treshold"),
        ({"estimators": [{"threshold": 1}]}, "unknown estimator ''"),
        ({"estimands": ["click"]}, "unknown estimand 'click'"),
        ({"interval": "student"}, "unknown interval 'student'"),
        ({"interval": "bootstrap"}, "uniforms"),
        ({"interval": "bernstein"}, "bounds"),
        ({"confidence": 1.0}, "confidence must lie between"),
        ({"folds": 1}, "folds must be at least 2"),
    ],
)
def test_what_cannot_be_asked_is_refused_by_name(words, message):
    rounds, _, _ = logged(100)
    with pytest.raises(InvalidInput, match=message):
        evaluated(rounds, uniform(rounds), **words)


def test_no_rounds_are_refused():
    rounds, _, _ = logged(10)
    with pytest.raises(InvalidInput, match="must have rounds"):
        evaluated(rounds.take(slice(0, 0)), np.empty((0, ARMS)))


@pytest.mark.parametrize("interval", ["normal", "bootstrap", "bernstein", "sequence"])
def test_each_interval_lies_around_its_estimate(interval):
    rounds, _, _ = logged(600)
    found = evaluated(
        rounds,
        uniform(rounds),
        estimators=["ips", "snips"],
        interval=interval,
        bounds=Bounds(most_weight=5.0),
        uniforms=np.random.Generator(np.random.Philox(1)).random,
    )
    for one in (*found.logged, *found.estimates):
        assert one.interval.low <= one.value <= one.interval.high, one


def test_a_sequence_is_one_of_decisions():
    rounds, _, _ = logged(100)
    with pytest.raises(InvalidInput, match="per decision alone"):
        evaluated(
            rounds,
            uniform(rounds),
            estimands=["impression"],
            interval="sequence",
            bounds=Bounds(),
        )


def test_an_estimator_is_told_with_its_options():
    rounds, _, _ = logged(100)
    found = evaluated(
        rounds,
        uniform(rounds),
        estimators=[{"kind": "switch_dr", "threshold": 2.5}, {"kind": "ips"}],
    )
    assert [one.estimator for one in found.estimates] == ["switch_dr:threshold=2.5", "ips"]


def test_a_few_rounds_are_told_of_as_far_as_they_go():
    for n in (1, 2, 3):
        rounds, _, _ = logged(n)
        found = evaluated(rounds, uniform(rounds), estimators=["ips", "snips"])
        assert found.refused
        json.dumps(found.plain(anyway=True), allow_nan=False)


def test_a_model_that_is_fitted_to_noise_is_not_taken():
    """Contexts that say nothing: means by arm tell best, and doubly robust is no noisier than without a model."""
    rng = np.random.default_rng(8)
    arms = rng.integers(0, 20, 3_000)
    rounds = Rounds.of(
        arms,
        (rng.random(3_000) < 0.02).astype(float),
        [0.05] * 3_000,
        among=range(20),
        contexts=rng.normal(size=(3_000, 30)),
    )
    target = np.tile(rng.dirichlet(np.ones(20)), (3_000, 1))
    plain, modelled = evaluated(rounds, target, estimators=["snips", "dr"]).estimates
    width = modelled.interval.high - modelled.interval.low
    assert width < 1.02 * (plain.interval.high - plain.interval.low)
    overfitted = evaluated(rounds, target, estimators=["dr"], predicted=ridge(0.1)).estimates[0]
    assert overfitted.interval.high - overfitted.interval.low > 1.1 * width


def test_a_model_that_tells_something_is_taken():
    rounds, shares, _ = logged(3_000)
    exact = evaluated(rounds, shares[:, ::-1].copy(), estimators=["dr"], predicted=ridge())
    found = evaluated(rounds, shares[:, ::-1].copy(), estimators=["dr"])
    assert found.estimates[0].value == pytest.approx(exact.estimates[0].value, abs=0.01)
    assert (
        found.estimates[0]
        != evaluated(
            rounds, shares[:, ::-1].copy(), estimators=["dr"], predicted=per_arm()
        ).estimates[0]
    )
