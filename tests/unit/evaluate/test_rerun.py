"""Marginals by running policies again: exact over all orders, and with their own error where orders are drawn."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations

import numpy as np
import pytest
from strengths import ARMS, SIZE, Strengths, blank, logged

from tamesu.base import InvalidInput, NoSupport, ShapeMismatch
from tamesu.evaluate import (
    Bounds,
    Slates,
    evaluated_slates,
    per_arm,
    slate_contrast_of,
    slate_estimator_of,
    value,
)
from tamesu.evaluate.following import following
from tamesu.evaluate.placements import Runs, asks, orders, placements_of
from tamesu.evaluate.rerun import Again, rerun

DRAWN = {"most_orders": 0}


def enumerated(policy, context):
    """What the placements are, by all whole slates one by one."""
    first = np.zeros((SIZE, ARMS))
    pairs = np.zeros((SIZE * ARMS, SIZE * ARMS))
    for slate in permutations(range(ARMS), SIZE):
        shares = policy.given(blank([context], slate))[0]
        likely = shares[np.arange(SIZE), slate].prod()
        ones = np.eye(ARMS)[list(slate)]
        first += likely * ones
        pairs += likely * np.outer(ones.ravel(), ones.ravel())
    return first, pairs


def test_over_all_orders_placements_are_exact():
    policy = Strengths(1)
    found = placements_of(blank([0.0, 0.7]), policy.below, Runs(), pairs=True)
    for row, context in enumerate([0.0, 0.7]):
        first, pairs = enumerated(policy, context)
        assert found.first[0, row] == pytest.approx(first, abs=1e-14)
        assert found.pairs[0, row] == pytest.approx(pairs, abs=1e-14)
    assert orders(ARMS, SIZE) == 1 + 5 + 20


def test_runs_come_to_the_same_in_the_mean():
    """Six standard errors of a share of 2,000 runs, of 90 and 450 figures: false alarms below 1e-6."""
    policy = Strengths(1)
    luck = np.random.default_rng(4).random
    runs = Runs(luck, times=2_000, groups=4, **DRAWN)
    found = placements_of(blank([0.3]), policy.below, runs, pairs=True)
    first, pairs = enumerated(policy, 0.3)
    assert found.first.shape == (4, 1, SIZE, ARMS)
    assert found.first.mean(axis=0)[0] == pytest.approx(first, abs=6 * 0.5 / 2_000**0.5)
    assert found.pairs.mean(axis=0)[0] == pytest.approx(pairs, abs=6 * 0.5 / 2_000**0.5)
    assert found.first.sum(axis=-1) == pytest.approx(np.ones((4, 1, SIZE)), abs=1e-12)


@pytest.mark.parametrize("runs", [Runs(), Runs(lambda n: np.full(n, 0.5), times=16, **DRAWN)])
def test_positions_that_nobody_is_left_for_stay_empty(runs):
    eligible = [[True, True, False, False, False]]
    slates = Slates.of(
        [[0, 1, None]],
        np.zeros((1, SIZE)),
        np.full((1, SIZE), 0.5),
        among=range(ARMS),
        contexts=[[0.0]],
        eligible=eligible,
    )
    found = placements_of(slates, Strengths(1).below, runs, pairs=True)
    assert found.first[0, 0].sum(axis=1) == pytest.approx([1, 1, 0], abs=1e-12)
    assert not found.pairs[0, 0, :, 2 * ARMS :].any()


@pytest.mark.parametrize(
    "name", ["item_position", "sn_item_position", "pseudo_inverse", "sn_pseudo_inverse"]
)
def test_estimates_with_exact_marginals_meet_the_truth(name):
    logging, target = Strengths(1), Strengths(2)
    slates, worth = logged(logging, 4_000, 7)
    contrast = slate_contrast_of(slates, target.given(slates))
    made = rerun(
        slates, contrast, Again(logging.below, target.below, Runs()), pairs="pseudo" in name
    )
    statistic, error = made.estimated(slate_estimator_of(name).contributions)
    assert error is None
    placed = placements_of(slates, target.below, Runs()).first[0]
    truth = float((placed * worth.T).sum(axis=(1, 2)).mean())
    # 5.3 standard errors: a false alarm below 1e-6 in all four.
    spread = statistic.influence().std() / len(slates) ** 0.5
    assert abs(value(statistic) - truth) < 5.3 * spread
    assert spread < 0.04


@pytest.mark.parametrize("name", ["item_position", "pseudo_inverse"])
def test_with_drawn_orders_the_error_says_how_far_they_are_from_exact(name):
    """The mean square of (drawn - exact) / error, 8 times; by luck it lies outside of (.01, 8) less often than 1e-6."""
    logging, target = Strengths(1), Strengths(2)
    slates, _ = logged(logging, 60, 7)
    contrast = slate_contrast_of(slates, target.given(slates))
    estimator = slate_estimator_of(name)
    policies, pairs = (logging.below, target.below), estimator.pairs
    exact, _ = rerun(slates, contrast, Again(*policies, Runs()), pairs=pairs).estimated(
        estimator.contributions
    )
    squares = []
    for seed in range(8):
        luck = np.random.default_rng(seed).random
        runs = Runs(luck, times=160, groups=16, **DRAWN)
        made = rerun(slates, contrast, Again(*policies, runs), pairs=pairs)
        found, error = made.estimated(estimator.contributions)
        squares.append(((value(found) - value(exact)) / error) ** 2)
    assert 0.01 < np.mean(squares) < 8


def test_what_is_made_in_parts_is_made_alike(monkeypatch):
    logging, target = Strengths(1), Strengths(2)
    slates, _ = logged(logging, 50, 7)
    contrast = slate_contrast_of(slates, target.given(slates))
    given = slates, contrast, Again(logging.below, target.below, Runs())
    whole = rerun(*given, pairs=True).contrast
    monkeypatch.setattr("tamesu.evaluate.rerun.MOST_NUMBERS", 7 * (SIZE * ARMS) ** 2)
    parts = rerun(*given, pairs=True).contrast
    assert parts.marginal == pytest.approx(whole.marginal, abs=1e-15)
    assert parts.pseudo_inverse == pytest.approx(whole.pseudo_inverse, abs=1e-9)


def test_too_many_orders_without_chance_are_refused():
    with pytest.raises(NoSupport, match="26 orders may stand above, more than 25") as raised:
        placements_of(blank([0.0]), Strengths(1).below, Runs(most_orders=25))
    assert "reward_interaction" in raised.value.hint


@pytest.mark.parametrize(
    ("shares", "error", "message"),
    [
        (np.ones((1, 2)), ShapeMismatch, "a policy must give"),
        (np.full((1, ARMS), 0.3), NoSupport, "add up to 1"),
        (np.array([[1.5, -0.5, 0, 0, 0]]), NoSupport, "add up to 1"),
        (np.full((1, ARMS), np.nan), NoSupport, "add up to 1"),
    ],
)
def test_a_policy_that_gives_no_distribution_is_refused(shares, error, message):
    with pytest.raises(error, match=message):
        placements_of(blank([0.0]), lambda *_: shares, Runs())


def test_a_logging_policy_that_is_another_one_is_refused():
    class Never(Strengths):
        def below(self, slates, above):
            free = super().below(slates, above) * (np.arange(ARMS) != 4)
            return free / free.sum(axis=1, keepdims=True)

    logging = Strengths(1)
    slates, _ = logged(logging, 60, 7)
    contrast = slate_contrast_of(slates, logging.given(slates))
    swapped = replace(slates, propensity=np.roll(slates.propensity, 1, axis=0))
    with pytest.raises(InvalidInput, match="their logged propensities") as raised:
        rerun(swapped, contrast, Again(logging.below, logging.below, Runs()))
    assert "of other decisions" in raised.value.hint
    with pytest.raises(InvalidInput, match=r"their logged propensities, got .* for .* \(60 such"):
        rerun(slates, contrast, Again(Never(1).below, logging.below, Runs()))


def test_a_logging_policy_ten_times_off_is_another_one_where_propensities_are_tiny():
    class Hardly(Strengths):
        """Places the arm that came first in slate 0 as often as `at` says."""

        at = 1e-7

        def below(self, slates, above):
            free = super().below(slates, above)
            if not above.shape[1]:
                free[:, first] = 0.0
                free *= (1.0 - self.at) / free.sum(axis=1, keepdims=True)
                free[:, first] = self.at
            return free

    slates, _ = logged(Strengths(1), 60, 7)
    first = slates.chosen[0, 0]
    logging = Hardly(1)
    alike = slates.take(slates.chosen[:, 0] == first)
    right = np.take_along_axis(logging.given(alike), alike.chosen[:, :, None], axis=2)[:, :, 0]
    told = replace(alike, propensity=right)
    contrast = slate_contrast_of(told, logging.given(told))
    assert rerun(told, contrast, Again(logging.below, logging.below, Runs())).without == ()
    wrong = Hardly(1)
    wrong.at = 1e-8
    with pytest.raises(InvalidInput, match="got 1e-08 for 1e-07 in slate 0"):
        rerun(told, contrast, Again(wrong.below, logging.below, Runs()))


@pytest.mark.parametrize("units", [40, 1_000])
def test_of_whom_is_asked_a_few_at_a_time_no_model_has_learnt_either(units):
    """Long logs are asked about part by part; a part has fewer units than the log."""
    slates, _ = logged(Strengths(1), 2_000, 7)
    slates = replace(slates, cluster=np.sort(np.arange(2_000) % units))

    def knows(learnt):
        """Expects 1 of units that it learnt from."""
        return lambda asked: np.isin(asked.cluster, learnt.cluster)[:, None] * np.ones(ARMS)

    asked = following(slates, knows)
    for part in (slates, slates.take(slice(0, 300)), slates.take([1_999])):
        assert not asked(part).any()


@pytest.mark.parametrize("most_orders", [2_000, 0])
def test_an_evaluation_tells_the_error_of_its_runs(most_orders):
    logging, target = Strengths(1), Strengths(2)
    slates, worth = logged(logging, 1_000, 7)
    runs = Runs(np.random.default_rng(1).random, times=32, most_orders=most_orders)
    found = evaluated_slates(
        slates,
        target.given(slates),
        estimators=["reward_interaction", "item_position", "sn_item_position"],
        estimands=["decision", "impression"],
        again=Again(logging.below, target.below, runs),
    )
    placed = placements_of(slates, target.below, Runs()).first[0]
    truth = float((placed * worth.T).sum(axis=(1, 2)).mean())
    drawn = most_orders == 0
    for one in found.estimates:
        assert (one.run_error is not None) == (drawn and "item" in one.estimator)
        assert one.run_error is None or 0 < one.run_error < 0.01
        aim = truth if one.estimand.value == "decision" else truth / SIZE
        # Six standard errors; the run's own chance is a tenth of one.
        reach = 6 / 1.96 * (one.interval.high - one.interval.low) / 2
        assert abs(one.value - aim) < reach
    plain = found.plain()["estimates"]
    assert [one["run_error"] is None for one in plain] == [
        not (drawn and "item" in one["estimator"]) for one in plain
    ]


def test_an_evaluation_without_runs_refuses_marginals():
    logging = Strengths(1)
    slates, _ = logged(logging, 100, 7)
    with pytest.raises(NoSupport, match=r"^item_position needs"):
        evaluated_slates(slates, logging.given(slates), estimators=["item_position"])


@pytest.mark.parametrize("name", ["pseudo_inverse", "cascade_dr"])
def test_bounds_that_say_nothing_of_an_estimator_are_refused(name):
    logging = Strengths(1)
    slates, _ = logged(logging, 100, 7)
    with pytest.raises(InvalidInput, match=f"of {name} the bounds"):
        evaluated_slates(
            slates,
            logging.given(slates),
            predicted=np.zeros((100, SIZE, ARMS)),
            estimators=[name],
            interval="bernstein",
            bounds=Bounds(0, SIZE, 100.0),
            again=Again(logging.below, logging.below, Runs()),
        )


def test_a_model_of_what_follows_is_learnt_from_other_slates_and_varies_less():
    """Of 15 logs; that cascade_dr errs more than half of what it does without a model is luck far below 1e-6."""
    logging, target = Strengths(1), Strengths(2)
    off = {"reward_interaction": [], "cascade_dr": []}
    names = list(off)
    for seed in range(15):
        slates, worth = logged(logging, 400, seed)
        slates = replace(slates, reward=slates.reward + 3.0)  # what a model knows best
        found = evaluated_slates(
            slates,
            target.given,
            estimators=names,
            again=Again(logging.below, target.below, Runs()),
        )
        placed = placements_of(slates, target.below, Runs()).first[0]
        truth = float((placed * (worth.T + 3.0)).sum(axis=(1, 2)).mean())
        for one in found.estimates:
            off[one.estimator].append(one.value - truth)
    plain, robust = (float(np.mean(np.square(off[name]))) ** 0.5 for name in names)
    assert robust < 0.5 * plain
    # Unbiased: six of its own standard errors.
    assert abs(np.mean(off["cascade_dr"])) < 6 * robust / 15**0.5


def test_with_a_model_per_impression_being_seen_is_learnt_too():
    logging, target = Strengths(1), Strengths(2)
    slates, worth = logged(logging, 4_000, 7)
    rng = np.random.default_rng(3)
    shown = rng.random((4_000, SIZE)) < [0.9, 0.6, 0.3]
    slates = replace(slates, shown=shown, reward=np.where(shown, slates.reward, 0.0))
    given = {
        "estimators": ["cascade_dr"],
        "estimands": ["decision", "impression"],
        "again": lambda: Again(logging.below, target.below, Runs()),
        "model": per_arm(),
    }
    each, per = evaluated_slates(slates, target.given(slates), **given).estimates
    placed = placements_of(slates, target.below, Runs()).first[0]
    truth = float((placed * (worth.T * [[0.9], [0.6], [0.3]])).sum(axis=(1, 2)).mean())
    for one, aim in ((each, truth), (per, truth / 1.8)):
        assert abs(one.value - aim) < 5.3 / 1.96 * (one.interval.high - one.interval.low) / 2
    with pytest.raises(InvalidInput, match="how likely arms are seen"):
        evaluated_slates(
            slates, target.given(slates), predicted=np.zeros((4_000, SIZE, ARMS)), **given
        )


def test_a_model_needs_slates_of_several_clusters():
    logging = Strengths(1)
    slates, _ = logged(logging, 20, 7)
    alone = replace(slates, cluster=np.zeros(20, np.intp))
    with pytest.raises(InvalidInput, match="of several clusters to learn from, got one"):
        evaluated_slates(alone, logging.given(alone), estimators=["cascade_dr"])


def test_each_slate_has_the_runs_of_its_own_context():
    """Six standard errors of a share of 2,000 runs, of 30 figures: false alarms below 1e-6."""
    policy, contexts = Strengths(1), [0.0, 1e3]
    runs = Runs(np.random.default_rng(4).random, times=2_000, groups=4, **DRAWN)
    found = placements_of(blank(contexts), policy.below, runs).first.mean(axis=0)
    exact = placements_of(blank(contexts), policy.below, Runs()).first[0]
    assert found == pytest.approx(exact, abs=6 * 0.5 / 2_000**0.5)
    assert np.abs(exact[0] - exact[1]).max(axis=1).min() > 0.1


@pytest.mark.parametrize("most_orders", [2_000, 0])
def test_whoever_waits_is_told_how_far_runs_are(most_orders):
    logging, target = Strengths(1), Strengths(2)
    slates, _ = logged(logging, 10, 7)
    runs = Runs(np.random.default_rng(1).random, times=32, most_orders=most_orders)
    contrast = slate_contrast_of(slates, target.given(slates))
    told = []
    rerun(slates, contrast, Again(logging.below, target.below, runs, told.append))
    assert told == sorted(told)
    assert told[-1] == 2 * asks(slates, runs)


def test_runs_that_are_too_few_are_refused():
    logging, target = Strengths(1), Strengths(2)
    slates, _ = logged(logging, 60, 7)
    contrast = slate_contrast_of(slates, target.given(slates))
    luck = np.random.default_rng(1).random
    few = Again(logging.below, target.below, Runs(luck, times=2, groups=2, **DRAWN))
    with pytest.raises(NoSupport, match="bring every logged arm") as raised:
        rerun(slates, contrast, few)
    assert raised.value.hint == "take more runs"
    for runs in (Runs(luck, times=4, groups=1, **DRAWN), Runs(luck, times=3, groups=4, **DRAWN)):
        with pytest.raises(InvalidInput, match="at least two groups"):
            rerun(slates, contrast, Again(logging.below, target.below, runs))
