"""An evaluation: what is told of a log before its numbers, what its verdict is, and what each estimand counts."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from rounds_in_contexts import ARMS, logged, uniform

from tamesu.base import InvalidInput
from tamesu.evaluate import LIMITS, Bounds, Evaluation, Rounds, Trust, evaluated


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
    assert reasons(evaluated(none, uniform(none)))["same rewards"] is Trust.WEAK


@pytest.mark.parametrize(("scale", "shift"), [(1.0, 0.0), (-1.0, 0.0), (-1.0, 1.0), (0.5, 7.0)])
def test_rewards_that_nearly_all_have_are_told_as_those_that_hardly_any_has(scale, shift):
    """Another unit, another sign, another zero: an interval hangs on the same few rounds, or on none."""
    rounds, _, _ = logged(3_000)
    for many, what in ((12, "effective rewards"), (0, "same rewards"), (3_000, "same rewards")):
        some = (np.arange(3_000) < many).astype(float)
        found = evaluated(replace(rounds, reward=scale * some + shift), uniform(rounds))
        assert reasons(found) == {what: Trust.WEAK}, many
        if 0 < many < 3_000:
            assert found.diagnostics.weights.effective_rewards < many


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


def test_what_is_refused_is_not_told_by_its_halves_either():
    rounds, _, _ = logged(4_000)
    late = np.arange(4_000) >= 2_000
    moved = replace(rounds, reward=np.where(late, 0.123, 0.987), propensity=0.5 * rounds.propensity)
    found = evaluated(moved, uniform(moved))
    assert found.refused
    assert reasons(found)["drift"] is Trust.WEAK
    told = json.dumps(found.plain()["verdict"])
    assert "fell by" in told
    assert "0.123" not in told
    assert "0.987" not in told


def test_a_log_of_a_policy_that_learnt_is_no_world_that_changed():
    """It took the worse arm, and then the better one: what it earned went up, and no arm earns another thing."""
    rng = np.random.default_rng(6)
    n = 6_000
    better = np.where(np.arange(n) < n // 2, 0.2, 0.8)
    arm = (rng.random(n) < better).astype(int)
    reward = (rng.random(n) < np.where(arm == 1, 0.8, 0.2)).astype(float)
    rounds = Rounds.of(arm, reward, np.where(arm == 1, better, 1 - better), among=[0, 1])
    found = evaluated(rounds, np.full((n, 2), 0.5), estimators=["snips"])
    assert found.diagnostics.drift.logged > 20
    assert abs(found.diagnostics.drift.target) < 5
    assert "drift" not in reasons(found)


def test_what_is_refused_is_not_told_part_by_part_either():
    rounds, _, _ = logged(2_000)
    propensity = rounds.propensity.copy()
    propensity[7] = 1e-6
    found = evaluated(replace(rounds, propensity=propensity), uniform(rounds))
    for anyway in (False, True):
        drift = found.plain(anyway=anyway)["diagnostics"]["drift"]
        for part in (*drift["halves"], *drift["parts"]):
            assert (part["target"] is not None) == anyway
            assert (part["target_error"] is not None) == anyway
            assert part["logged"] is not None


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
