"""An evaluation of slates: whole orders weigh, propensities are looked at delivery by delivery."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace

import numpy as np
import pytest

from tamesu.base import InvalidInput, NoSupport, ShapeMismatch
from tamesu.evaluate import Rounds, Slates, Trust, evaluated, evaluated_slates

ARMS, SIZE = 5, 2
LOGGING = np.array([0.3, 0.25, 0.2, 0.15, 0.1])
WANTED = np.array([0.1, 0.15, 0.2, 0.25, 0.3])
SEEN = np.array([0.9, 0.4])
CLICKED = np.array([0.1, 0.2, 0.3, 0.4, 0.5])


def given_above(chances, order):
    """(L,) of each arm of `order`, drawn without replacement."""
    left, found = 1.0, []
    for arm in order:
        found.append(chances[arm] / left)
        left -= chances[arm]
    return found


def slates(n, seed=0):
    rng = np.random.default_rng(seed)
    orders = np.array([rng.choice(ARMS, SIZE, replace=False, p=LOGGING) for _ in range(n)])
    shown = rng.random((n, SIZE)) < SEEN
    rewards = (rng.random((n, SIZE)) < CLICKED[orders]).astype(float)
    found = Slates.of(
        orders.tolist(),
        rewards,
        [given_above(LOGGING, order) for order in orders],
        among=range(ARMS),
        shown=shown,
    )
    return found, np.array([given_above(WANTED, order) for order in orders])


def truth():
    """Clicks and impressions of a slate of the target policy, over all orders."""
    clicks = sum(
        np.prod(given_above(WANTED, order)) * (SEEN * CLICKED[list(order)]).sum()
        for order in itertools.permutations(range(ARMS), SIZE)
    )
    return clicks, clicks / SEEN.sum()


def test_both_estimands_meet_the_truth():
    logged, target = slates(6_000)
    found = evaluated_slates(
        logged,
        target,
        estimators=["reward_interaction", "sn_reward_interaction", "standard"],
        estimands=["decision", "impression"],
        confidence=1 - 1e-7,
    )
    assert found.verdict.trust is Trust.TRUSTWORTHY
    expected = dict(zip(["decision", "impression"], truth(), strict=True))
    assert len(found.estimates) == 6
    for one in found.estimates:
        assert one.interval.low < expected[one.estimand.value] < one.interval.high
        assert one.interval.high - one.interval.low < 0.4
    wanted = [one.wanted for one in found.diagnostics.calibration.arms]
    assert wanted == sorted(wanted)


def test_the_logging_policy_itself_earns_what_was_logged():
    logged, _ = slates(600)
    found = evaluated_slates(logged, logged.propensity, estimands=["decision", "impression"])
    weights = found.diagnostics.weights
    assert (weights.effective, weights.mean, weights.largest) == (600, 1, 1)
    for one in found.estimates:
        (mean,) = (other for other in found.logged if other.estimand is one.estimand)
        assert one.value == pytest.approx(mean.value, abs=1e-12)
    assert found.logged[1].value == pytest.approx(logged.reward.sum() / logged.shown.sum())


def test_arms_that_were_drawn_with_replacement_may_stand_twice():
    """Their propensities are right, and no bet against them is won by taking those above for gone."""
    rng = np.random.default_rng(5)
    arms = rng.integers(0, ARMS, (3_000, SIZE))
    clicks = (rng.random((3_000, SIZE)) < CLICKED[arms]).astype(float)
    twice = Slates.of(arms.tolist(), clicks, np.full((3_000, SIZE), 1 / ARMS), among=range(ARMS))
    found = evaluated_slates(twice, twice.propensity)
    assert found.verdict.trust is Trust.TRUSTWORTHY
    halved = replace(twice, propensity=twice.propensity / 2)
    assert evaluated_slates(halved, halved.propensity).refused


def test_how_much_was_never_tried_is_not_known_of_slates():
    """A share of 0 would say that all was: of arms that were never placed the target's chances are in no column."""
    logged, _ = slates(600)
    found = evaluated_slates(logged, logged.propensity * 0.6)
    assert math.isnan(found.diagnostics.weights.untried)
    assert found.plain()["diagnostics"]["weights"]["untried"] is None
    assert "missing weight" in {reason.what for reason in found.verdict.reasons}


def test_swapped_propensities_do_not_pass():
    logged, target = slates(3_000)
    swapped = replace(logged, propensity=np.roll(logged.propensity, 1, axis=0))
    found = evaluated_slates(swapped, target)
    assert found.refused
    assert "evidence" in {reason.what for reason in found.verdict.reasons}
    # Those of the whole order in the place of those given what stands above.
    cumulated = replace(logged, propensity=logged.prefix)
    assert evaluated_slates(cumulated, target).refused


def test_a_verdict_on_slates_is_one_of_whole_orders():
    """Of a target policy that wants one order, few slates tell: as many as came in it."""
    logged, _ = slates(3_000)
    orders = np.array([[4, 3]] * 3_000)
    target = np.array([np.where(logged.chosen[:, at] == orders[:, at], 1.0, 0.0) for at in (0, 1)])
    found = evaluated_slates(logged, target.T)
    weights = (target.prod(axis=0) / logged.joint).clip(min=0)
    told = found.diagnostics.weights
    assert told.effective == pytest.approx(weights.sum() ** 2 / (weights**2).sum())
    assert told.effective == pytest.approx((weights > 0).sum())
    assert told.largest == weights.max()
    assert told.effective < 100
    assert found.verdict.reasons[0].what == "effective rounds"


def test_an_arm_may_come_below_others_where_it_did_not_come_above():
    """So often it might be chosen, and of so many its propensities tell, whatever its place."""
    logged, target = slates(3_000)
    for one in evaluated_slates(logged, target).diagnostics.calibration.arms:
        above = (logged.chosen[:, 0] == int(one.arm)).sum()
        assert one.rounds == 2 * 3_000 - above
        assert abs(one.stood_for - one.rounds) < 5.5 * one.error


def test_what_is_not_known_is_refused_by_name():
    logged, target = slates(50)
    with pytest.raises(NoSupport, match="item_position needs"):
        evaluated_slates(logged, target, estimators=["item_position"])
    with pytest.raises(ShapeMismatch, match="of all arms"):
        evaluated_slates(logged, target, estimators=["cascade_dr"])
    with pytest.raises(InvalidInput, match="unknown estimator of slates 'snips'"):
        evaluated_slates(logged, target, estimators=["snips"])
    with pytest.raises(InvalidInput, match="must have slates"):
        evaluated_slates(logged.take(slice(0, 0)), target[:0])
    empty = Slates.of([[None], [None]], [[0.0]] * 2, [[1.0]] * 2, among="ab")
    for none in (empty, Slates.of([[], []], [[], []], [[], []], among="ab")):
        with pytest.raises(InvalidInput, match="with an arm in them, got none"):
            evaluated_slates(none, none.propensity)


@pytest.mark.parametrize("word", ["estimators", "estimands"])
def test_a_text_where_a_list_must_be_is_said_to_be_one(word):
    """And not taken letter by letter: unknown estimator 's'."""
    logged, target = slates(50)
    with pytest.raises(InvalidInput, match=f"{word} must be a list of names, got 'standard'"):
        evaluated_slates(logged, target, **{word: "standard"})
    rounds = Rounds.of([0, 1], [1.0, 0.0], [0.5, 0.5])
    with pytest.raises(InvalidInput, match=f"{word} must be a list of names, got 'standard'"):
        evaluated(rounds, np.full((2, 2), 0.5), **{word: "standard"})
