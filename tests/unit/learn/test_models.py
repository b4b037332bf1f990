"""Reward models by scikit-learn: what they find where the truth is known, what they make of odd logs, and estimates by them."""

from __future__ import annotations

import sys
from dataclasses import replace

import numpy as np
import pytest

from tamesu.base import InvalidInput, MissingExtra
from tamesu.evaluate import Rounds, cross_fitted, evaluated, per_arm, ridge
from tamesu.learn.models import boosting, by_regressor, logistic


class Ridge:
    """As others write regressors."""

    def fit(self, columns, rewards):
        rows = np.concatenate([np.ones((len(columns), 1)), columns], axis=1)
        gram = rows.T @ rows + np.eye(rows.shape[1])
        self.theta = np.linalg.solve(gram, rows.T @ rewards)
        return self

    def predict(self, columns):
        return self.theta[0] + columns @ self.theta[1:]


MODELS = {"logistic": logistic(), "boosting": boosting(), "ridge": by_regressor(Ridge)}


def world(n, *, arms=4, seed=0, low=0.0, high=1.0, bends=False):
    """Rounds of a policy that knows a little, where rewards are `low` or `high`; and true expected rewards (n, K)."""
    rng = np.random.default_rng(seed)
    contexts = rng.normal(size=(n, 3)) * [1.0, 100.0, 0.01]
    x = contexts / [1.0, 100.0, 0.01]
    told = rng.normal(size=(arms, 2))
    theta = rng.normal(size=(arms, 3))
    positions = rng.integers(0, 3, n)
    worth = (np.abs(x) * 2 - 2 if bends else x) @ theta.T
    logits = worth + told @ [1.0, -1.0] - 0.5 * positions[:, None] - 1.0
    truth = 1 / (1 + np.exp(-logits))
    shares = np.exp(0.5 * logits)
    shares /= shares.sum(axis=1, keepdims=True)
    chosen = (rng.random(n)[:, None] < shares.cumsum(axis=1)).argmax(axis=1)
    mine = np.arange(n), chosen
    return Rounds.of(
        chosen,
        np.where(rng.random(n) < truth[mine], high, low),
        shares[mine],
        among=range(arms),
        contexts=contexts,
        features=told,
        positions=positions,
    ), low + (high - low) * truth


def off(rounds, truth, model):
    return np.abs(cross_fitted(rounds, model) - truth).mean()


def test_logistic_regression_finds_what_is_logistic():
    rounds, truth = world(4_000)
    assert off(rounds, truth, logistic()) < 0.05
    assert off(rounds, truth, logistic()) < 0.7 * off(rounds, truth, ridge())


def test_trees_find_what_bends():
    rounds, truth = world(6_000, bends=True)
    found = off(rounds, truth, boosting())
    assert found < 0.12
    assert found < 0.7 * min(off(rounds, truth, logistic()), off(rounds, truth, ridge()))


@pytest.mark.parametrize("name", MODELS)
def test_rewards_of_any_range_are_expected_within_it(name):
    rounds, truth = world(3_000)
    scaled, _ = world(3_000, low=-2.0, high=3.0)
    plain = cross_fitted(rounds, MODELS[name])
    wide = cross_fitted(scaled, MODELS[name])
    assert np.allclose(wide, -2.0 + 5.0 * plain, atol=1e-2)
    assert np.corrcoef(plain.ravel(), truth.ravel())[0, 1] > 0.6
    if name != "ridge":
        assert wide.min() >= -2.0
        assert wide.max() <= 3.0


@pytest.mark.parametrize("name", MODELS)
def test_rewards_between_the_ends_are_learnt_too(name):
    rounds, truth = world(3_000)
    mine = truth[np.arange(len(rounds)), rounds.chosen]
    between = Rounds.of(
        rounds.chosen,
        mine,
        rounds.propensity,
        among=range(4),
        contexts=rounds.context,
        features=rounds.features,
        positions=rounds.position,
    )
    assert off(between, truth, MODELS[name]) < (0.25 if name == "ridge" else 0.05)


@pytest.mark.parametrize("name", MODELS)
def test_odd_logs_have_models(name):
    """One arm, one reward, no context, an arm nobody chose, a position that was not learnt from: finite, and (m, K)."""
    model = MODELS[name]
    rng = np.random.default_rng(3)
    alike = Rounds.of(["a"] * 30, [0.25] * 30, [1.0] * 30)
    assert np.allclose(model(alike)(alike), 0.25)
    one = Rounds.of(["a"] * 30, [0.0, 1.0] * 15, [1.0] * 30)
    assert np.allclose(model(one)(one), 0.5, atol=1e-2)
    seldom = Rounds.of(
        ["a", "b"] * 100, rng.random(200) < 0.3, [0.5] * 200, among=["a", "b", "never"]
    )
    found = model(seldom)(seldom)
    assert found.shape == (200, 3)
    assert ((found > -0.1) & (found < 0.8)).all()
    places = Rounds.of(
        ["a", "b"] * 100, rng.random(200) < 0.3, [0.5] * 200, positions=[0] * 100 + [1] * 100
    )
    assert np.isfinite(model(places.take(slice(0, 100)))(places)).all()


def test_many_arms_are_known_by_their_means():
    rng = np.random.default_rng(1)
    worth = rng.random(300)
    chosen = rng.integers(0, 300, 12_000)
    rounds = Rounds.of(
        chosen, rng.random(12_000) < worth[chosen], np.full(12_000, 1 / 300), among=range(300)
    )
    found = boosting()(rounds)(rounds.take(slice(0, 1)))[0]
    assert np.corrcoef(found, worth)[0, 1] > 0.9


def test_a_doubly_robust_estimate_by_a_good_model_is_narrower_and_holds_the_truth():
    """By six standard errors: a false alarm in 10^8."""
    rounds, truth = world(4_000)
    target = np.zeros_like(truth)
    target[np.arange(len(truth)), truth.argmax(axis=1)] = 1.0
    value = truth.max(axis=1).mean()
    widths = {}
    for name, model in {"none": per_arm(), "logistic": logistic()}.items():
        (found,) = evaluated(rounds, target, estimators=["dr"], predicted=model).estimates
        widths[name] = found.interval.high - found.interval.low
        assert abs(found.value - value) < 6 * widths[name] / 3.92
    assert widths["logistic"] < 0.95 * widths["none"]


def test_a_classifier_says_how_likely_the_greater_reward_is():
    class Even:
        def fit(self, _, labels):
            assert {*labels.tolist()} == {False, True}

        def predict_proba(self, columns):
            return [[0.75, 0.25]] * len(columns)

    rounds = Rounds.of(["a", "b"] * 5, [0.0, 4.0] * 5, [0.5] * 10)
    assert (by_regressor(Even)(rounds)(rounds) == 1.0).all()
    with pytest.raises(InvalidInput, match="two values"):
        by_regressor(Even)(Rounds.of(["a"] * 3, [0.0, 1.0, 2.0], [0.5] * 3))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: logistic(0.0), "penalty must be finite and above 0, got 0"),
        (lambda: boosting(trees=0), "at least 1 tree"),
        (lambda: boosting(rate=1.5), "at 1.5"),
    ],
)
def test_options_that_cannot_be_are_refused(make, message):
    with pytest.raises(InvalidInput, match=message):
        make()


@pytest.mark.parametrize("make", [logistic, boosting])
def test_without_scikit_learn_it_says_what_to_install(make, monkeypatch):
    for name in [one for one in sys.modules if one.split(".")[0] == "sklearn"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "sklearn", None)
    with pytest.raises(MissingExtra, match="not installed"):
        make()


@pytest.mark.parametrize("model", [logistic(), ridge()], ids=["logistic", "ridge"])
@pytest.mark.parametrize("constant", [0.1, 0.3, 1e6 / 7])
def test_a_column_that_never_varies_changes_nothing(model, constant):
    """The deviation of equal numbers is not 0 when it is worked out: they were stretched to 10^16."""
    rounds, _ = world(2_000)
    same = replace(rounds, context=np.c_[rounds.context, np.full(2_000, constant)])
    assert np.abs(model(same)(same) - model(rounds)(rounds)).max() < 0.02
