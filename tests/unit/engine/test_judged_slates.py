"""Slates out of an archive, by any layout: the logging policy, a candidate whose truth is known, a function."""

from __future__ import annotations

import itertools
import weakref

import numpy as np
import pytest
from served import Served

from tamesu.base import Declaration, NoSupport, Outcome
from tamesu.engine import ArchivedDecisions, Candidates
from tamesu.evaluate import (
    Runs,
    evaluated_slates,
    normal,
    slate_contrast_of,
    slate_estimator_of,
    value,
)
from tamesu.evaluate.rerun import rerun
from tamesu.policy import Policy

ARMS = ["a", "b", "c", "d"]
WORTH = {"a": 0.1, "b": 0.2, "c": 0.3, "d": 0.4}
LAYOUTS = [
    {"kind": "slate", "size": 2},
    {"kind": "per_position", "size": 2},
    {"kind": "cascade", "size": 2},
]
EVEN = {"explorer": "uniform"}
HOME = {
    "name": "home",
    "arms": ARMS,
    "seed": 7,
    "reward": {"window": "5s", "settle": "1s", "lateness": "1s", "anchor": "impression"},
}


def chance(context, arm):
    return WORTH[arm]


def home(layout, **policy):
    one = Served({**HOME, "layout": layout, "policy": policy or EVEN}, chance)
    one.serve(1_500, every=50)
    one.rest()
    return one


def candidates_of(one):
    decisions = ArchivedDecisions(one.store, one.archive, one.name)
    return Candidates(decisions, decisions.logged())


def estimated(candidate, name):
    slates = candidate.logged.slates()
    contrast = slate_contrast_of(slates, candidate.target.placed)
    statistic = slate_estimator_of(name).contributions(contrast)
    return value(statistic), normal(statistic, slates.cluster, 1 - 1e-6)


def best_two(context, arms):
    """The two best, nearly always."""
    best = max(arms, key=WORTH.__getitem__)
    return {arm: 0.7 * (arm == best) + 0.3 / len(arms) for arm in arms}


def truth(layout):
    """What a decision by `best_two` earns: a cascade is looked at until it is clicked."""
    whole = 0.0
    for first, second in itertools.permutations(ARMS, 2):
        left = tuple(arm for arm in ARMS if arm != first)
        likely = best_two({}, tuple(ARMS))[first] * best_two({}, left)[second]
        look = 1.0 - WORTH[first] if layout["kind"] == "cascade" else 1.0
        whole += likely * (WORTH[first] + look * WORTH[second])
    return whole


@pytest.fixture(scope="module", params=LAYOUTS, ids=lambda layout: layout["kind"])
def served(request):
    return request.param, home(request.param)


def test_the_logging_policy_has_weights_of_exactly_one(served):
    _, one = served
    logging = candidates_of(one).logging()
    slates = logging.logged.slates()
    contrast = slate_contrast_of(slates, logging.target.placed)
    assert (contrast.prefix_weight == 1.0).all()
    earned = slates.reward.sum(axis=1).mean()
    for name in ("standard", "reward_interaction", "sn_standard", "sn_reward_interaction"):
        assert estimated(logging, name)[0] == pytest.approx(earned, abs=1e-12)


def test_the_logging_policy_made_again_is_the_same_to_the_bit(served):
    """By its own prior, which nobody ever learnt to leave: even chances stay even."""
    _, one = served
    candidates = candidates_of(one)
    frozen = candidates.declared(one.declaration)
    slates = frozen.logged.slates()
    assert (frozen.target.placed(slates) == slates.propensity).all()


@pytest.mark.parametrize("name", ["standard", "reward_interaction", "sn_reward_interaction"])
def test_the_truth_of_a_candidate_is_met_within_its_error(served, name):
    layout, one = served
    candidate = candidates_of(one).called(best_two, "mine:best_two")
    estimate, (low, high) = estimated(candidate, name)
    assert low < truth(layout) < high
    assert estimate > candidate.logged.slates().reward.sum(axis=1).mean()


def test_what_was_not_examined_earns_nothing_and_was_shown():
    one = home(LAYOUTS[2])
    logged = candidates_of(one).logging().logged
    slates = logged.slates()
    outcome = logged.told.rows.outcome.reshape(-1, 2)
    hidden = outcome[:, 1] == Outcome.UNEXAMINED
    assert 100 < hidden.sum() < 600
    assert (slates.reward[hidden] == [1.0, 0.0]).all()
    assert slates.shown.all()
    clicked = [min(1, sum(known["clicked"])) for known in one.truth.values()]
    assert slates.reward.sum(axis=1).tolist() == clicked


def test_a_slate_may_be_shorter_where_few_are_eligible():
    one = Served({**HOME, "layout": LAYOUTS[0], "policy": {"belief": "beta"}}, chance)
    one.serve(100)
    one.serve(100, eligible=["c"])
    one.serve(100, eligible=["b", "d"])
    one.rest()
    candidates = candidates_of(one)
    slates = candidates.logging().logged.slates()
    assert slates.there.sum(axis=1).tolist() == [2] * 100 + [1] * 100 + [2] * 100
    for candidate in (
        candidates.logging(),
        candidates.declared(one.declaration),
        candidates.called(best_two, "mine:best_two"),
        candidates.along(one.declaration, every=20),
    ):
        placed = candidate.target.placed(slates)
        assert (placed[100:200] == 1.0).all()
        assert (placed[200:, 1] == 1.0).all()
        assert ((placed > 0) & (placed <= 1)).all()
        found = again(candidates, candidate, "item_position")[0]
        same = again(candidates, candidate, "pseudo_inverse")[0]
        assert np.isfinite([found, same]).all()
    logged = candidates.logging().logged
    with pytest.raises(NoSupport, match="these are slates"):
        logged.rounds()


def test_a_candidate_that_learns_along_is_better_than_even_chances():
    one = home(LAYOUTS[0])
    learner = Declaration.parse({**HOME, "layout": LAYOUTS[0], "policy": {"belief": "beta"}})
    candidates = candidates_of(one)
    estimate, (low, _) = estimated(candidates.along(learner, every=50), "sn_reward_interaction")
    earned = candidates.logging().logged.slates().reward.sum(axis=1).mean()
    assert np.isfinite(low)
    assert estimate > earned + 0.1


def again(candidates, candidate, name, **runs):
    slates = candidate.logged.slates()
    contrast = slate_contrast_of(slates, candidate.target.placed)
    estimator = slate_estimator_of(name)
    made = rerun(slates, contrast, candidates.again(candidate, Runs(**runs)), pairs=estimator.pairs)
    statistic, error = made.estimated(estimator.contributions)
    return value(statistic), normal(statistic, slates.cluster, 1 - 1e-6), error


@pytest.mark.parametrize("name", ["item_position", "sn_item_position", "pseudo_inverse"])
def test_marginals_of_both_policies_run_again_meet_the_truth(served, name):
    layout, one = served
    candidates = candidates_of(one)
    candidate = candidates.called(best_two, "mine:best_two")
    estimate, (low, high), error = again(candidates, candidate, name)
    assert error is None
    if layout["kind"] == "cascade":
        # Whether anybody looks depends on who stands above: these say that they know nothing of that.
        assert estimate > candidate.logged.slates().reward.sum(axis=1).mean()
    else:
        assert low < truth(layout) < high


def test_the_logging_policy_run_again_has_weights_of_one(served):
    _, one = served
    candidates = candidates_of(one)
    logging = candidates.logging()
    earned = logging.logged.slates().reward.sum(axis=1).mean()
    for name in ("item_position", "pseudo_inverse", "sn_pseudo_inverse"):
        assert again(candidates, logging, name)[0] == pytest.approx(earned, abs=1e-9)


def test_runs_by_chance_tell_how_far_they_may_be_off():
    one = Served({**HOME, "layout": LAYOUTS[0], "policy": {"belief": "beta"}}, chance)
    one.serve(300, every=100)
    one.rest()
    candidates = candidates_of(one)
    candidate = candidates.declared(one.declaration)
    exact, _, _ = again(candidates, candidate, "item_position")
    chances = {"uniforms": np.random.default_rng(3).random, "times": 128, "most_orders": 0}
    drawn, _, error = again(candidates, candidate, "item_position", **chances)
    assert 0 < error < 0.02
    # Of groups of 8 runs the error is told by 15 degrees: beyond 9 of it once in some 1e7.
    assert abs(drawn - exact) < 9 * error


def test_a_candidate_that_learns_along_runs_again_as_it_stood_then():
    one = home(LAYOUTS[0])
    learner = Declaration.parse({**HOME, "layout": LAYOUTS[0], "policy": {"belief": "beta"}})
    candidates = candidates_of(one)
    along = candidates.along(learner, every=50)
    estimate, _, _ = again(candidates, along, "sn_item_position")
    assert estimate > along.logged.slates().reward.sum(axis=1).mean() + 0.1


def test_a_snapshot_that_is_gone_cannot_run_again(served):
    """It is said before anything is run."""
    _, one = served
    candidates = candidates_of(one)
    logging = candidates.logging()
    logging.logged.version[-3:] = 999_999
    with pytest.raises(NoSupport, match="of 3 of 1,500 its snapshot is gone") as raised:
        again(candidates, logging, "item_position")
    assert "--since" in raised.value.hint


def test_policies_that_decided_are_held_while_they_are_asked_and_no_longer(monkeypatch):
    """Each of 300 slates may have a snapshot of its own: of a million no machine could hold them all."""
    one = Served({**HOME, "layout": LAYOUTS[0], "policy": {"belief": "beta"}}, chance)
    one.serve(300, every=5)
    one.rest()
    candidates = candidates_of(one)
    logging = candidates.logging()
    versions = np.unique(logging.logged.version)
    assert len(versions) > 50
    whole = again(candidates, logging, "item_position")[0]
    held, at_once = weakref.WeakSet(), []
    prepare = Policy.prepare

    def prepared(*given):
        made = prepare(*given)
        held.add(made)
        at_once.append(len(held))
        return made

    monkeypatch.setattr(Policy, "prepare", prepared)
    monkeypatch.setattr("tamesu.evaluate.rerun.MOST_SLATES", 40)
    assert again(candidates, logging, "item_position")[0] == whole
    assert len(at_once) >= len(versions)
    assert max(at_once) < 0.7 * len(versions)


def test_uniform_choice_is_a_candidate_and_can_be_run_again(served):
    _, one = served
    candidates = candidates_of(one)
    evenly = candidates.evenly("uniform")
    slates = evenly.logged.slates()
    assert (evenly.target.placed(slates) == slates.propensity).all()
    earned = slates.reward.sum(axis=1).mean()
    assert again(candidates, evenly, "item_position")[0] == pytest.approx(earned, abs=1e-9)


def test_a_model_needs_the_candidate_alone_and_no_snapshot_that_decided():
    """What the logging policy would have placed elsewhere is nothing to `cascade_dr`."""
    one = home(LAYOUTS[0])
    candidates = candidates_of(one)
    candidate = candidates.called(best_two, "mine:best_two")
    candidate.logged.version[:] = 999_999
    slates = candidate.logged.slates()
    asked = {"again": lambda: candidates.again(candidate, Runs())}
    found = evaluated_slates(slates, candidate.target.placed, estimators=["cascade_dr"], **asked)
    low, high = found.estimates[0].interval
    assert low < truth(LAYOUTS[0]) + 0.1
    assert high > truth(LAYOUTS[0]) - 0.1
    with pytest.raises(NoSupport, match="its snapshot is gone"):
        evaluated_slates(slates, candidate.target.placed, estimators=["item_position"], **asked)
