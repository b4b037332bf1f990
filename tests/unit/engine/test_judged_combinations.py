"""Combinations out of an archive are judged one by one, as if each were an arm."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from served import Served

from tamesu.base import Declaration, NoSupport
from tamesu.base.slots import combination_id, options_of
from tamesu.engine import ArchivedDecisions, Candidates
from tamesu.evaluate import contrast_of, estimator_of, evaluated, normal, value

SLOTS = {"title": ["a", "b", "c"], "image": ["x", "y"]}
HERO = {
    "name": "hero",
    "slots": SLOTS,
    "pairwise": True,
    "infeasible": [{"title": "c", "image": "y"}],
    "context": {"member": "boolean"},
    "interactions": [["member", "title"]],
    "policy": {"explorer": {"kind": "thompson", "explore": 0.5}},
    "reward": {"window": "5s", "settle": "1s", "lateness": "1s", "range": [0, 1]},
    "seed": 7,
}
EVERY = [
    combination_id({"title": title, "image": image})
    for title, image in itertools.product(*SLOTS.values())
    if (title, image) != ("c", "y")
]


def chance(context, combination):
    options = options_of(combination)
    good = options == {"title": "b", "image": "y"}
    return 0.2 + 0.4 * good + 0.2 * (context["member"] and options["title"] == "a")


@pytest.fixture(scope="module")
def hero():
    one = Served(HERO, chance, lambda rng: {"member": bool(rng.random() < 0.5)})
    one.serve(400)
    one.serve(60, eligible=["title=a", "title=b", "image=x"])
    one.rest()
    return one


@pytest.fixture(scope="module")
def candidates(hero):
    decisions = ArchivedDecisions(hero.store, hero.archive, "hero")
    return Candidates(decisions, decisions.logged())


def worth(logged):
    return np.array([[chance(context, one) for one in logged.arms] for context in logged.contexts])


def test_each_feasible_combination_is_an_arm(hero, candidates):
    logged = candidates.logging().logged
    assert sorted(logged.arms) == sorted(EVERY)
    rounds = logged.rounds()
    assert rounds.eligible.sum(axis=1).tolist() == [5] * 400 + [2] * 60
    for row in range(0, 460, 37):
        known = hero.truth[logged.ids[row]]
        assert (rounds.arms[rounds.chosen[row]],) == known["arms"]
        assert rounds.propensity[row] == known["propensities"][0]


def test_the_logging_policy_is_made_again_whole(candidates):
    logging = candidates.logging()
    assert logging.told["apart"] < 1e-12
    rounds = logging.logged.rounds()
    assert contrast_of(rounds, logging.target).weight.tolist() == [1.0] * 460
    assert np.abs(logging.target(rounds).sum(axis=1) - 1.0).max() < 1e-12
    assert candidates.doubts() == ()
    assert candidates.snapshot(1).told["observations"] > 0


@pytest.mark.parametrize("explorer", ["greedy", "thompson", "uniform"])
@pytest.mark.parametrize("at", ["along", "prior"])
def test_a_candidate_is_met_within_its_error(candidates, explorer, at):
    policy = {"explorer": {"kind": explorer, "explore": 0.2 if explorer != "uniform" else 0}}
    declaration = Declaration.parse({**HERO, "policy": policy})
    if at == "along":
        candidate = candidates.along(declaration, every=50)
    else:
        candidate = candidates.declared(declaration)
    rounds = candidate.logged.rounds()
    shares = candidate.target(rounds)
    assert np.abs(shares.sum(axis=1) - 1.0).max() < 1e-9
    true = (shares * worth(candidate.logged)).sum(axis=1).mean()
    statistic = estimator_of("snips").contributions(contrast_of(rounds, candidate.target))
    low, high = normal(statistic, rounds.cluster, 1 - 1e-6)
    assert low < true < high


def test_models_tell_combinations_by_their_options(candidates):
    candidate = candidates.called(lambda _context, arms: arms[0], "first")
    rounds = candidate.logged.rounds()
    assert rounds.features.shape == (5, 11)  # options and their pairs
    found = evaluated(rounds, candidate.target, estimators=["dm", "dr"])
    true = np.array([row[0] for row in worth(candidate.logged)]).mean()
    (dm, dr) = found.estimates
    assert dr.interval.low - 0.1 < true < dr.interval.high + 0.1
    assert value(
        estimator_of("ips").contributions(contrast_of(rounds, candidate.target))
    ) == pytest.approx(dr.value, abs=0.15)
    assert abs(dm.value - true) < 0.15


def test_a_candidate_with_an_option_that_was_never_there_is_refused(candidates):
    wider = {**HERO, "slots": {**SLOTS, "image": ["x", "y", "z"]}}
    with pytest.raises(NoSupport, match="these never were: 'title=a,image=z'"):
        candidates.declared(Declaration.parse(wider))


def test_too_many_combinations_are_refused():
    many = {f"slot{number}": [f"o{one}" for one in range(8)] for number in range(5)}
    declared = {key: one for key, one in HERO.items() if key not in {"infeasible", "interactions"}}
    one = Served({**declared, "slots": many, "context": {}}, lambda *_: 0.5)
    one.serve(5)
    one.rest()
    with pytest.raises(NoSupport, match="at most 4,096 to be judged one by one, 'hero' has more"):
        ArchivedDecisions(one.store, one.archive, "hero").logged()
