"""Reward models: what they find where the truth is known, and that they keep estimates honest."""

from __future__ import annotations

import numpy as np
import pytest

from tamesu.base import InvalidInput
from tamesu.evaluate import Rounds, contrast_of, cross_fitted, estimator_of, normal
from tamesu.evaluate.models import best_of, per_arm, ridge


def world(n, *, arms=4, seed=0, noise=0.1):
    """Rounds of a uniform policy where rewards are linear, and true expected rewards (n, K)."""
    rng = np.random.default_rng(seed)
    contexts = rng.normal(size=(n, 3)) * [1.0, 100.0, 0.01]
    told = rng.normal(size=(arms, 2))
    theta = rng.normal(size=(arms, 3)) / [1.0, 100.0, 0.01]
    positions = rng.integers(0, 3, n)
    truth = 5.0 + contexts @ theta.T + told @ [1.0, -1.0] - 0.5 * positions[:, None]
    chosen = rng.integers(0, arms, n)
    rewards = truth[np.arange(n), chosen] + noise * rng.normal(size=n)
    shares = np.full(n, 1 / arms)
    return Rounds.of(
        chosen,
        rewards,
        shares,
        among=range(arms),
        contexts=contexts,
        features=told,
        positions=positions,
    ), truth


def test_ridge_finds_what_is_linear():
    rounds, truth = world(3_000)
    found = cross_fitted(rounds, ridge())
    assert np.abs(found - truth).mean() < 0.05


def test_an_arm_that_was_never_seen_is_thought_of_as_those_that_tell_alike():
    rounds, truth = world(4_000, arms=12, noise=0.0)
    seen = rounds.chosen != 5
    found = ridge()(rounds.take(seen))(rounds)[:, 5]
    of_features = rounds.features[5] @ [1.0, -1.0]
    assert found.mean() == pytest.approx(truth[:, 5].mean(), abs=0.4 * abs(of_features))


def test_per_arm_is_the_mean_of_each_arm_drawn_to_that_of_all():
    rounds = Rounds.of([0, 0, 1], [1.0, 0.0, 1.0], [0.5] * 3, among=range(3))
    found = per_arm(weight=2.0)(rounds)(rounds)
    mean = 2 / 3
    expected = [(1 + 2 * mean) / 4, (1 + 2 * mean) / 3, mean]
    assert found.tolist() == [pytest.approx(expected)] * 3
    assert per_arm(weight=0.0)(rounds)(rounds)[0].tolist() == pytest.approx([0.5, 1.0, mean])


@pytest.mark.parametrize("model", [per_arm(), ridge()], ids=["per_arm", "ridge"])
def test_a_good_model_makes_the_interval_of_dr_narrower(model):
    rounds, truth = world(4_000, seed=3)
    best = np.eye(4)[truth.argmax(axis=1)]
    guess = cross_fitted(rounds, model)

    def interval(name):
        statistic = estimator_of(name).contributions(contrast_of(rounds, best, guess))
        return normal(statistic, rounds.cluster, 1 - 1e-7)

    low, high = interval("dr")
    plain = interval("ips")
    assert low < (best * truth).sum(axis=1).mean() < high
    assert high - low < 0.8 * (plain.high - plain.low)


@pytest.mark.parametrize(("model", "option"), [(per_arm, -1.0), (ridge, 0.0), (ridge, np.nan)])
def test_options_that_cannot_be_are_refused(model, option):
    with pytest.raises(InvalidInput, match="must be finite"):
        model(option)


def test_models_are_compared_by_rounds_of_every_kind(monkeypatch):
    """Of three positions that come in turns, every third round would be one of them."""
    monkeypatch.setattr("tamesu.evaluate.models.best.MOST_ROUNDS", 300)
    n, met = 900, set()
    rounds = Rounds.of([0] * n, [1.0] * n, [1.0] * n, positions=np.arange(n) % 3)

    def model(learnt):
        if len(learnt) < n:
            met.update(learnt.position.tolist())
        return lambda asked: np.ones((len(asked), 1))

    best_of(model, model)(rounds)
    assert met == {0, 1, 2}
