"""Estimators: what each says by hand, of the logging policy itself, and in the long run."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tamesu.base import InvalidInput, ShapeMismatch
from tamesu.evaluate import (
    Quotient,
    Rounds,
    contrast_of,
    cross_fitted,
    estimator_of,
    folds_of,
    known_estimators,
    normal,
    value,
)

ARMS = 4


def logged(n, seed=0):
    """Rounds of a policy, its distributions (n, K), and the true expected rewards (n, K)."""
    rng = np.random.default_rng(seed)
    shares = rng.dirichlet(np.ones(ARMS), n)
    arms = (shares.cumsum(axis=1) < rng.random((n, 1))).sum(axis=1).clip(max=ARMS - 1)
    truth = rng.random((n, ARMS))
    rewards = (rng.random(n) < truth[np.arange(n), arms]).astype(float)
    chosen = shares[np.arange(n), arms]
    return Rounds.of(arms, rewards, chosen, among=range(ARMS)), shares, truth


def estimated(name, rounds, target, predicted=None, **options):
    return value(estimator_of(name, options).contributions(contrast_of(rounds, target, predicted)))


def by_hand():
    """Two rounds of two arms: weights 2 and 1/2, guesses .5 and .25, expected .5 and .4."""
    rounds = Rounds.of([0, 1], [1.0, 1.0], [0.25, 0.8], among=[0, 1])
    target = np.array([[0.5, 0.5], [0.6, 0.4]])
    return rounds, target, np.array([[0.5, 0.5], [0.5, 0.25]])


@pytest.mark.parametrize(
    ("name", "options", "expected"),
    [
        ("ips", {}, (2 + 0.5) / 2),
        ("ips", {"clip": 1}, (1 + 0.5) / 2),
        ("ips_sg", {"correction": 0.0}, (2 + 0.5) / 2),
        ("ips_sg", {"correction": 0.5}, (2 / 1.5 + 0.5 / 0.75) / 2),
        ("ips_sg", {"correction": 1.0}, 1.0),
        ("snips", {}, 1.0),
        ("dm", {}, (0.5 + 0.4) / 2),
        ("dr", {}, (0.5 + 2 * 0.5 + 0.4 + 0.5 * 0.75) / 2),
        ("dr", {"clip": 1.0}, (0.5 + 0.5 + 0.4 + 0.5 * 0.75) / 2),
        ("dr_sg", {"correction": 0.5}, (0.5 + 2 / 1.5 * 0.5 + 0.4 + 0.5 / 0.75 * 0.75) / 2),
        ("sndr", {}, (0.5 + 0.4) / 2 + (2 * 0.5 + 0.5 * 0.75) / 2.5),
        ("switch_dr", {"threshold": 1.0}, (0.5 + 0.4 + 0.5 * 0.75) / 2),
        ("switch_dr", {"threshold": 0.0}, (0.5 + 0.4) / 2),
        ("dr_os", {"shrinkage": 1.0}, (0.5 + 2 / 5 * 0.5 + 0.4 + 0.5 / 1.25 * 0.75) / 2),
        ("dr_os", {"shrinkage": 0.0}, (0.5 + 0.4) / 2),
        ("dr_os", {"shrinkage": np.inf}, (0.5 + 2 * 0.5 + 0.4 + 0.5 * 0.75) / 2),
    ],
)
def test_each_says_what_its_equation_says(name, options, expected):
    assert estimated(name, *by_hand(), **options) == pytest.approx(expected, abs=1e-15)


@pytest.mark.parametrize("shrinkage", [1e-300, 1e-30, 1.0, 1e30, 1e300, 1.7e308, np.inf])
@pytest.mark.parametrize("propensity", [1e-30, 1e-9, 0.5])
def test_shrunk_weights_are_numbers_for_any_shrinkage(shrinkage, propensity):
    """lambda / (w^2 + lambda) of a weight remains, by logarithms."""
    rounds = Rounds.of([0], [1.0], [propensity], among=[0, 1])
    found = estimated(
        "dr_os", rounds, np.array([[1.0, 0.0]]), np.zeros((1, 2)), shrinkage=shrinkage
    )
    weight, log = -np.log(propensity), np.log(shrinkage)
    expected = (
        np.exp(weight + log - np.logaddexp(2 * weight, log)) if log < np.inf else 1 / propensity
    )
    assert found == pytest.approx(expected, rel=1e-9)


def test_replay_looks_at_rounds_that_match_alone():
    rounds = Rounds.of(["a", "b", "a"], [1.0, 0.0, 0.0], [0.5] * 3, among=["a", "b"])
    assert estimated("replay", rounds, np.array([[1.0, 0.0]] * 3)) == 0.5
    assert np.isnan(estimated("replay", rounds, np.full((3, 2), 0.5)))


def test_replay_counts_rounds_more_where_fewer_arms_were_eligible():
    """Uniform among one arm or four: all of the first kind match, and a fourth of the others, .2 + .8 / 4 of all."""
    n = 20_000
    rng = np.random.default_rng(2)
    alone = rng.random(n) < 0.2
    eligible = np.ones((n, 4), bool)
    eligible[alone, 1:] = False
    arms = np.where(alone, 0, rng.integers(0, 4, n))
    rounds = Rounds.of(
        arms, alone * 1.0, np.where(alone, 1.0, 0.25), among=range(4), eligible=eligible
    )
    target = np.tile([1.0, 0.0, 0.0, 0.0], (n, 1))
    assert estimated("replay", rounds, target) == pytest.approx(0.2 / (0.2 + 0.8 / 4), abs=0.02)
    assert estimated("snips", rounds, target) == pytest.approx(0.2, abs=0.01)


@pytest.mark.parametrize("name", sorted(set(known_estimators()) - {"dm", "replay"}))
def test_the_logging_policy_itself_earns_the_logged_mean(name):
    rounds, shares, _ = logged(500)
    if name in {"switch_dr", "dr_os"}:
        options = {"switch_dr": {"threshold": 1.0}, "dr_os": {"shrinkage": 1e300}}[name]
    else:
        options = {}
    rounds = replace(rounds, features=np.array([[0.0], [1.0], [1.0], [0.0]]))
    contrast = contrast_of(rounds, shares, np.zeros_like(shares), logging=shares)
    assert contrast.weight.tolist() == [1.0] * 500
    found = value(estimator_of(name, options).contributions(contrast))
    assert found == pytest.approx(rounds.reward.mean(), abs=1e-15)


def test_some_rounds_know_their_places_among_all():
    rounds, _, _ = logged(10)
    assert rounds.take(rounds.row % 3 == 1).take(slice(1, None)).row.tolist() == [4, 7]


@pytest.mark.parametrize("name", ["ips", "snips", "dr", "sndr"])
def test_a_truth_is_met_within_its_error(name):
    rounds, shares, truth = logged(20_000, seed=5)
    target = 0.5 * shares + 0.5 / ARMS
    guess = truth + np.random.default_rng(1).normal(0, 0.3, truth.shape)
    statistic = estimator_of(name).contributions(contrast_of(rounds, target, guess))
    low, high = normal(statistic, rounds.cluster, 1 - 1e-7)
    expected = (target * truth).sum(axis=1).mean()
    assert low < expected < high
    assert high - low < 0.2


def test_influence_is_how_an_estimate_moves():
    rounds, _, truth = logged(60)
    target = np.full((60, ARMS), 1 / ARMS)
    contrast = contrast_of(rounds, target, truth)
    parts = [estimator_of(name).contributions(contrast) for name in ("ips", "snips", "sndr")]
    for statistic in [*parts, Quotient(parts[2], parts[1])]:
        columns, whole = statistic.columns, value(statistic)
        moved = statistic.influence()
        assert moved.mean() == pytest.approx(0, abs=1e-12)
        step = 1e-6
        for row in range(0, 60, 7):
            shares_of = np.full(60, (1 - step) / 60)
            shares_of[row] += step
            slope = (float(statistic.of(shares_of @ columns)) - whole) / step
            assert slope == pytest.approx(moved[row], rel=1e-4, abs=1e-4)


@pytest.mark.parametrize("count", [2, 3, 7])
def test_folds_keep_clusters_whole_and_are_about_even(count):
    units = np.repeat(np.arange(3_000), 3)
    rounds = Rounds.of([0] * 9_000, [0.0] * 9_000, [1.0] * 9_000, units=units)
    fold = folds_of(rounds, count)
    assert all(len(set(of_unit)) == 1 for of_unit in fold.reshape(-1, 3))
    sizes = np.bincount(fold, minlength=count)
    # Seven standard deviations of lots.
    assert np.abs(sizes - 9_000 / count).max() < 7 * 3 * (3_000 / count) ** 0.5
    # Nor do clusters that come in turns come into one fold in turns.
    assert len(set(fold[::count].tolist())) == count


def test_a_model_is_never_asked_of_what_it_learnt():
    rounds, _, _ = logged(300)
    seen = []

    def model(learnt):
        known = set(learnt.decided.tolist())

        def predict(asked):
            seen.append(known & set(asked.decided.tolist()))
            return np.tile(asked.decided[:, None], (1, ARMS))

        return predict

    predicted = cross_fitted(rounds, model, 3)
    assert seen == [set(), set(), set()]
    assert predicted[:, 0].tolist() == list(range(300))
    with pytest.raises(InvalidInput, match="of several clusters"):
        cross_fitted(rounds.take(slice(0, 1)), model)


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"propensities": [0.5, 0.0]}, InvalidInput, r"in \(0, 1\], got 0 in row 1 \(1 of 2"),
        ({"propensities": [1.5, 0.5]}, InvalidInput, "got 1.5 in row 0"),
        ({"propensities": [0.5, 1e-320]}, InvalidInput, "at least 1e-30: .* in row 1"),
        ({"propensities": [0.5, None]}, InvalidInput, "got nan in row 1"),
        ({"propensities": [0.5]}, ShapeMismatch, r"propensities must be \(2,\)"),
        (
            {"rewards": [1.0, float("nan")]},
            InvalidInput,
            "rewards must be finite, got nan in row 1",
        ),
        ({"rewards": ["x", 1.0]}, InvalidInput, "rewards must be numbers"),
        ({"among": ["a", "a"]}, InvalidInput, "once"),
        ({"among": ["b", "c"]}, InvalidInput, "'a'"),
        ({"contexts": [[1.0], [float("inf")]]}, InvalidInput, "contexts must be finite"),
        ({"contexts": [1.0, 2.0]}, ShapeMismatch, "columns"),
        ({"eligible": [[True, True], [True, False]]}, InvalidInput, "among the eligible"),
        ({"eligible": [[True, True]]}, ShapeMismatch, "eligible"),
        ({"units": ["u"]}, ShapeMismatch, "units"),
        (
            {"arms": ["a", None]},
            InvalidInput,
            "arms must be texts or whole numbers, got None in row 1",
        ),
        ({"arms": [1.0, float("nan")]}, InvalidInput, "got 1.0 in row 0"),
        ({"among": ["a", "b", 2.5]}, InvalidInput, "among must be texts or whole numbers, got 2.5"),
        ({"decided": [1.0, float("nan")]}, InvalidInput, "decided must be whole numbers"),
    ],
)
def test_rounds_that_cannot_be_are_refused_by_name(change, error, message):
    given = {"arms": ["a", "b"], "rewards": [1.0, 0.0], "propensities": [0.5, 0.5]} | change
    with pytest.raises(error, match=message):
        Rounds.of(given.pop("arms"), given.pop("rewards"), given.pop("propensities"), **given)


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ([[0.5, 0.4], [0.5, 0.5]], "sum of 0.9 in row 0"),
        ([[0.5, 0.5], [1.5, -0.5]], "in row 1"),
        ([[0.5, 0.5], [float("nan"), 1.0]], "in row 1"),
        ([[0.5, 0.5], [0.5, 0.5]], "not eligible"),
    ],
)
def test_a_target_that_is_no_distribution_is_refused(target, message):
    eligible = [[True, True], [True, False]]
    rounds = Rounds.of(["a", "a"], [1.0, 0.0], [0.5, 0.5], among=["a", "b"], eligible=eligible)
    with pytest.raises(InvalidInput, match=message):
        contrast_of(rounds, np.array(target))


@pytest.mark.parametrize("name", ["target", "predicted", "logging"])
@pytest.mark.parametrize("table", [np.full((9, 2), 0.5), np.full((8, 3), 0.5), np.ones(2), "x"])
def test_a_table_of_other_rounds_is_refused(name, table, monkeypatch):
    """Also one that is too long, where it is cut into chunks that fit."""
    monkeypatch.setattr("tamesu.evaluate.contrast.MOST_NUMBERS", 8)
    rounds = Rounds.of(np.zeros(8, int), np.ones(8), np.full(8, 0.5), among=[0, 1])
    given = {"target": np.full((8, 2), 0.5)} | {name: table}
    with pytest.raises(ShapeMismatch, match=rf"{name} must be \(8, 2\) for so many rounds"):
        contrast_of(rounds, given.pop("target"), **given)


def test_who_has_no_unit_is_one_by_itself():
    nan = float("nan")
    for units in ([None, "u", None, "u"], [nan, 7.0, nan, 7.0], np.array([np.nan, 7, np.nan, 7])):
        rounds = Rounds.of([0] * 4, [0.0] * 4, [1.0] * 4, units=units)
        assert rounds.cluster.tolist() == [0, 1, 2, 1]


def test_what_was_not_seen_counts_as_nothing():
    rounds = Rounds.of(["a", "a"], [float("nan"), 1.0], [1.0, 1.0], shown=[False, True])
    assert rounds.reward.tolist() == [0.0, 1.0]
    assert estimated("ips", rounds, np.ones((2, 1))) == 0.5


def test_a_function_is_asked_in_parts():
    n = (1 << 20) // ARMS + 10
    rounds = Rounds.of(np.zeros(n, int), np.ones(n), np.full(n, 0.5), among=range(ARMS))
    asked = []

    def target(part):
        asked.append(len(part))
        return np.tile([1.0, 0, 0, 0], (len(part), 1))

    assert value(estimator_of("ips").contributions(contrast_of(rounds, target))) == 2.0
    assert asked == [(1 << 20) // ARMS, 10]


def test_an_unknown_estimator_is_met_with_the_close_one():
    with pytest.raises(InvalidInput, match="unknown estimator 'sinps'") as raised:
        estimator_of("sinps")
    assert "'snips'" in raised.value.hint
    with pytest.raises(InvalidInput, match="threshhold"):
        estimator_of("switch_dr", {"threshhold": 1})
    with pytest.raises(InvalidInput, match="at least 0"):
        estimator_of("switch_dr", {"threshold": float("nan")})
