"""Estimators of slates: over all slates of a small policy, each says exactly what its assumption promises."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest

from tamesu.base import InvalidInput, NoSupport, ShapeMismatch
from tamesu.evaluate import (
    Slates,
    Sum,
    known_slate_estimators,
    slate_contrast_of,
    slate_estimator_of,
    value,
)

ARMS, SIZE = 4, 3
EVERY = [list(slate) for slate in permutations(range(ARMS), SIZE)]


def policy(seed):
    """A distribution over the arms that remain, for every order of those above: (prefix) to (K,)."""
    rng = np.random.default_rng(seed)
    shares = {}
    for size in range(SIZE):
        for above in permutations(range(ARMS), size):
            free = rng.random(ARMS) + 0.05
            free[list(above)] = 0.0
            shares[above] = free / free.sum()
    return shares


def given_above(shares, slates):
    """(n, L, K) the policy's distributions below the arms that stand there."""
    return np.array([[shares[tuple(slate[:at])] for at in range(SIZE)] for slate in slates])


def chance(shares):
    """(n,) how likely the policy makes each of all slates."""
    whole = given_above(shares, EVERY)
    of_logged = np.take_along_axis(whole, np.array(EVERY)[:, :, None], axis=2)[:, :, 0]
    return of_logged, of_logged.prod(axis=1)


def indicators():
    """(n, L K) 1 where an arm stands at a position, for all slates."""
    ones = np.zeros((len(EVERY), SIZE, ARMS))
    np.put_along_axis(ones, np.array(EVERY)[:, :, None], 1.0, axis=2)
    return ones.reshape(len(EVERY), -1)


def rewards(kind, seed=3):
    """(n, L) expected rewards of all slates, under the assumption of that name."""
    rng = np.random.default_rng(seed)
    if kind == "any":
        return rng.random((len(EVERY), SIZE))
    known = {}
    parts = {
        "from above": lambda slate, at: tuple(slate[: at + 1]),
        "alone": lambda slate, at: (at, slate[at]),
    }[kind]
    return np.array(
        [
            [known.setdefault(parts(slate, at), rng.random()) for at in range(SIZE)]
            for slate in EVERY
        ]
    )


LOGGING, TARGET = policy(1), policy(2)


def everything(kind, model=None, target=TARGET):
    """A log that holds every slate once, what weighs each as often as it comes, and the truth."""
    propensity, often = chance(LOGGING)
    _, wanted = chance(target)
    earned = rewards(kind)
    ones = indicators()
    first = (often @ ones).reshape(SIZE, ARMS)
    placed = (wanted @ ones).reshape(SIZE, ARMS)
    at = np.arange(SIZE)
    slates = Slates.of(
        EVERY,
        earned,
        propensity,
        among=range(ARMS),
        marginals=[first[at, slate] for slate in EVERY],
    )
    n = len(EVERY)
    contrast = slate_contrast_of(
        slates,
        given_above(target, EVERY),
        model,
        placed=np.tile(placed, (n, 1, 1)),
        pairs=np.tile((ones * often[:, None]).T @ ones, (n, 1, 1)),
    )
    assert slates.joint == pytest.approx(often, abs=1e-15)
    return contrast, often, float(wanted @ earned.sum(axis=1))


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("standard", "any"),
        ("reward_interaction", "from above"),
        ("cascade_dr", "from above"),
        ("item_position", "alone"),
        ("pseudo_inverse", "alone"),
        ("sn_standard", "any"),
        ("sn_reward_interaction", "from above"),
        ("sn_item_position", "alone"),
        ("sn_pseudo_inverse", "alone"),
    ],
)
def test_over_all_slates_each_is_exact_under_its_assumption(name, kind):
    model = np.random.default_rng(8).normal(0, 1, (len(EVERY), SIZE, ARMS))
    # A model knows those above and the arm: the same of every slate that begins alike.
    told = {}
    for row, slate in enumerate(EVERY):
        for at in range(SIZE):
            model[row, at] = told.setdefault(tuple(slate[:at]), model[row, at])
    contrast, often, truth = everything(kind, model)
    statistic = slate_estimator_of(name).contributions(contrast)
    found = float(statistic.of(often @ statistic.columns))
    assert found == pytest.approx(truth, abs=1e-12)


@pytest.mark.parametrize(
    ("name", "kind"),
    [("reward_interaction", "any"), ("item_position", "from above"), ("pseudo_inverse", "any")],
)
def test_where_its_assumption_fails_so_does_the_estimator(name, kind):
    contrast, often, truth = everything(kind)
    statistic = slate_estimator_of(name).contributions(contrast)
    assert abs(float(statistic.of(often @ statistic.columns)) - truth) > 1e-3


def test_pseudo_inverse_takes_any_split_of_a_linear_reward():
    contrast, often, truth = everything("alone")
    whole = contrast.reward.sum(axis=1, keepdims=True)
    at_the_end = np.concatenate([np.zeros((len(EVERY), SIZE - 1)), whole], axis=1)
    moved = type(contrast)(
        at_the_end,
        contrast.propensity,
        contrast.target,
        contrast.guess,
        contrast.expected,
        pseudo_inverse=contrast.pseudo_inverse,
    )
    statistic = slate_estimator_of("pseudo_inverse").contributions(moved)
    assert float(statistic.of(often @ statistic.columns)) == pytest.approx(truth, abs=1e-12)


@pytest.mark.parametrize("name", known_slate_estimators())
def test_the_logging_policy_itself_earns_the_logged_mean(name):
    n = len(EVERY)
    contrast, _, _ = everything("any", np.zeros((n, SIZE, ARMS)), LOGGING)
    assert contrast.prefix_weight == pytest.approx(np.ones((n, SIZE)), abs=1e-15)
    found = value(slate_estimator_of(name).contributions(contrast))
    assert found == pytest.approx(contrast.reward.sum(axis=1).mean(), abs=1e-12)


@pytest.mark.parametrize(
    "name", [name for name in known_slate_estimators() if slate_estimator_of(name).marginals]
)
def test_what_a_log_does_not_have_is_refused_by_name(name):
    slates = Slates.of([["a", "b"]], [[1.0, 0.0]], [[0.5, 1.0]])
    contrast = slate_contrast_of(slates, np.array([[0.5, 1.0]]))
    with pytest.raises(NoSupport, match=f"^{name} needs") as raised:
        slate_estimator_of(name).contributions(contrast)
    assert "snapshots" in raised.value.hint


def test_a_target_that_places_elsewhere_than_the_logging_policy_is_refused():
    slates = Slates.of([["a"]] * 2, [[1.0]] * 2, [[1.0]] * 2, among=["a", "b"])
    half = np.full((2, 1, 2), 0.5)
    only_a = np.tile(np.diag([1.0, 0.0]), (2, 1, 1))
    with pytest.raises(InvalidInput, match=r"where the logging policy may, .* slate 0 \(2 such"):
        slate_contrast_of(slates, half, placed=half, pairs=only_a)


def test_slates_may_end_early():
    slates = Slates.of(
        [["a", "b"], ["b", None]],
        [[0.0, 1.0], [1.0, float("nan")]],
        [[0.5, 0.5], [0.25, float("nan")]],
        shown=[[True, True], [True, False]],
    )
    assert slates.propensity.tolist() == [[0.5, 0.5], [0.25, 1.0]]
    contrast = slate_contrast_of(slates, np.array([[1.0, 0.5], [0.5, 0.0]]))
    assert contrast.prefix_weight.tolist() == [[2.0, 2.0], [2.0, 2.0]]
    for name in ("standard", "reward_interaction", "cascade_dr"):
        assert value(slate_estimator_of(name).contributions(contrast)) == 2.0


def test_no_slates_are_slates():
    slates = Slates.of([], [], [], among="ab", shown=[], units=[])
    assert (len(slates), slates.size, slates.prefix.shape) == (0, 0, (0, 0))
    contrast = slate_contrast_of(slates, np.empty((0, 0)))
    assert slate_estimator_of("standard").contributions(contrast).plain.shape == (0,)


def test_influence_of_a_sum_is_how_it_moves():
    contrast, _, _ = everything("any")
    statistic = slate_estimator_of("sn_reward_interaction").contributions(contrast)
    assert isinstance(statistic, Sum)
    columns, whole, n = statistic.columns, value(statistic), len(EVERY)
    moved = statistic.influence()
    for row in range(n):
        mix = np.full(n, (1 - 1e-6) / n)
        mix[row] += 1e-6
        slope = (float(statistic.of(mix @ columns)) - whole) / 1e-6
        assert slope == pytest.approx(moved[row], rel=1e-3, abs=1e-4)
    many = np.stack([columns.mean(axis=0)] * 5)
    assert statistic.of(many).tolist() == [whole] * 5


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"propensities": [[0.5, 0.0]]}, InvalidInput, r"in \(0, 1\], got 0 in slate 0"),
        ({"propensities": [[0.5, 1.5]]}, InvalidInput, "got 1.5"),
        ({"propensities": [[0.5, 1e-320]]}, InvalidInput, "at least 1e-30"),
        ({"rewards": 5.0}, ShapeMismatch, "rewards"),
        ({"arms": 5}, InvalidInput, "a list of ids for each slate"),
        ({"arms": ["a", None]}, InvalidInput, "a list of ids for each slate"),
        ({"decided": ["x"]}, InvalidInput, "decided must be whole numbers"),
        ({"decided": [0.5]}, InvalidInput, "decided must be whole numbers"),
        ({"decided": [1, 2]}, ShapeMismatch, "decided"),
        ({"features": ["x"]}, InvalidInput, "features must be numbers"),
        ({"features": [[1.0]]}, ShapeMismatch, "features"),
        ({"features": [[1.0], [float("nan")]]}, InvalidInput, "those of arm 'b' do not"),
        ({"shown": [True]}, ShapeMismatch, "shown"),
        ({"shown": [["no", "yes"]]}, InvalidInput, "shown must be truth values"),
        ({"shown": [[0.5, 1.0]]}, InvalidInput, "shown must be truth values"),
        ({"eligible": [[1, 2]]}, InvalidInput, "eligible must be truth values"),
        ({"propensities": [[0.5, None]]}, InvalidInput, "got nan"),
        ({"propensities": [[0.5]]}, ShapeMismatch, "propensities"),
        ({"marginals": [[0.5, 0.0]]}, InvalidInput, "marginals must lie"),
        ({"rewards": [[float("inf"), 0.0]]}, InvalidInput, "rewards must be finite"),
        ({"rewards": [["x", 0.0]]}, InvalidInput, "rewards must be numbers"),
        ({"arms": [["a", "b"], ["a"]]}, ShapeMismatch, "ended early"),
        ({"arms": [[None, "b"]]}, InvalidInput, "below where a slate ended"),
        ({"among": ["a"]}, InvalidInput, "'b'"),
        ({"among": ["a", "b", "a"]}, InvalidInput, "once"),
        ({"eligible": [[True, False]]}, InvalidInput, "among the eligible"),
        ({"eligible": [[True]]}, ShapeMismatch, "eligible"),
        ({"contexts": [1.0]}, ShapeMismatch, "contexts"),
        ({"contexts": [[float("nan")]]}, InvalidInput, "contexts must be finite"),
        ({"units": ["u", "v"]}, ShapeMismatch, "units"),
    ],
)
def test_slates_that_cannot_be_are_refused_by_name(change, error, message):
    given = {"arms": [["a", "b"]], "rewards": [[1.0, 0.0]], "propensities": [[0.5, 1.0]]} | change
    with pytest.raises(error, match=message):
        Slates.of(given.pop("arms"), given.pop("rewards"), given.pop("propensities"), **given)


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ([[1.5, 0.5]], "slate 0"),
        ([[[0.5, 0.4, 0.0], [0.0, 1.0, 0.0]]], "slate 0"),
        ([[[0.5, 0.0, 0.5], [0.0, 1.0, 0.0]]], "not eligible"),
    ],
)
def test_a_target_that_is_no_distribution_is_refused(target, message):
    slates = Slates.of(
        [["a", "b"]],
        [[1.0, 0.0]],
        [[0.5, 1.0]],
        among=["a", "b", "c"],
        eligible=[[True, True, False]],
    )
    with pytest.raises(InvalidInput, match=message):
        slate_contrast_of(slates, np.array(target))


def test_a_model_needs_a_target_of_all_arms():
    slates = Slates.of([["a", "b"]], [[1.0, 0.0]], [[0.5, 1.0]])
    with pytest.raises(ShapeMismatch, match=r"of all arms, .* got \(1, 2, 2\) and \(1, 2\)"):
        slate_contrast_of(slates, np.array([[0.5, 1.0]]), np.zeros((1, 2, 2)))


def test_an_unknown_estimator_is_met_with_the_close_one():
    with pytest.raises(InvalidInput, match="unknown estimator of slates 'standart'") as raised:
        slate_estimator_of("standart")
    assert "'standard'" in raised.value.hint


def test_a_table_of_other_slates_is_refused_however_many_are_looked_at_at_once(monkeypatch):
    slates = Slates.of([["a", "b"]] * 4, np.ones((4, 2)), np.full((4, 2), 0.5))
    monkeypatch.setattr("tamesu.evaluate.slate_contrast.MOST_NUMBERS", 8)  # two slates at once
    with pytest.raises(
        ShapeMismatch, match=r"target must be \(4, 2\) or \(4, 2, 2\) .* got \(6, 2\)"
    ):
        slate_contrast_of(slates, np.full((6, 2), 0.5))
    with pytest.raises(ShapeMismatch, match="placed must be"):
        slate_contrast_of(slates, np.full((4, 2), 0.5), placed=np.full((6, 2), 0.5))
    with pytest.raises(InvalidInput, match="target must be numbers"):
        slate_contrast_of(slates, [["likely", "not"]] * 4)
