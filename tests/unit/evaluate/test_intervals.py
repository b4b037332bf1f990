"""Intervals: what they say of little, of much, of clusters, and of what they must not be given."""

from __future__ import annotations

import math

import numpy as np
import pytest
from contrasts import told
from scipy import stats

from tamesu.base import InvalidInput
from tamesu.evaluate import (
    Contributions,
    Quotient,
    Rounds,
    contrast_of,
    estimator_of,
    evaluated,
    value,
)
from tamesu.evaluate.intervals import (
    INTERVALS,
    Bounds,
    bernstein,
    betting,
    bootstrap,
    interval_of,
    normal,
)

ARMS = 3


def logged(n, seed=0, units=None):
    """Rounds of a policy that gives each arm a tenth at least, a target, and its value."""
    rng = np.random.default_rng(seed)
    shares = 0.7 * rng.dirichlet(np.ones(ARMS), n) + 0.1
    arms = (shares.cumsum(axis=1) < rng.random((n, 1))).sum(axis=1).clip(max=ARMS - 1)
    rates = np.array([0.2, 0.5, 0.3])
    rewards = (rng.random(n) < rates[arms]).astype(float)
    target = rng.dirichlet(np.ones(ARMS), n)
    rounds = Rounds.of(arms, rewards, shares[range(n), arms], among=range(ARMS), units=units)
    return rounds, target, float((target @ rates).mean())


def asked(name, rounds, target, estimator="snips", confidence=0.95, predicted=None, **more):
    contrast = contrast_of(rounds, target, predicted)
    of = estimator_of(estimator)
    given = {
        "models": of.models,
        "bounds": Bounds(most_weight=10.0),
        "uniforms": np.random.default_rng(1).random,
    } | more
    return interval_of(name, of.contributions(contrast), rounds, contrast, confidence, **given)


@pytest.mark.parametrize("name", INTERVALS)
def test_each_holds_the_truth_and_shrinks_with_rounds(name):
    widths = []
    for n in (2_000, 32_000):
        rounds, target, truth = logged(n)
        low, high = asked(name, rounds, target, confidence=0.99)
        assert low < truth < high
        widths.append(high - low)
    # By a fourth, or by more where a term in 1 / n was the larger one.
    assert 0.1 < widths[1] / widths[0] < 0.28


@pytest.mark.parametrize("name", INTERVALS)
def test_more_confidence_is_wider(name):
    rounds, target, _ = logged(1_000)
    narrow, wide = (asked(name, rounds, target, confidence=asked_for) for asked_for in (0.8, 0.99))
    assert wide.low < narrow.low < narrow.high < wide.high


@pytest.mark.parametrize("name", INTERVALS)
@pytest.mark.parametrize("confidence", [0.0, 1.0, -1.0, 2.0, math.nan])
def test_a_confidence_that_is_none_is_refused(name, confidence):
    rounds, target, _ = logged(10)
    with pytest.raises(InvalidInput, match="confidence must lie between 0 and 1"):
        asked(name, rounds, target, confidence=confidence)


@pytest.mark.parametrize("name", ["normal", "bootstrap", "bernstein", "betting"])
def test_the_order_of_rounds_says_nothing_where_they_are_independent(name):
    rounds, target, _ = logged(900, units=np.arange(900) // 3)
    turned = np.random.default_rng(7).permutation(900)
    other = asked(name, rounds.take(turned), target[turned])
    assert tuple(other) == pytest.approx(tuple(asked(name, rounds, target)), abs=1e-12)


@pytest.mark.parametrize("name", ["normal", "bootstrap", "bernstein", "betting"])
def test_rounds_of_a_unit_said_twice_say_nothing_new(name):
    rounds, target, _ = logged(1_500)
    twice = np.repeat(np.arange(1_500), 2)
    said = rounds.take(twice)
    once, again, apart = (
        asked(name, one, of)
        for one, of in (
            (rounds, target),
            (said, target[twice]),
            (
                Rounds.of(said.chosen, said.reward, said.propensity, among=range(ARMS)),
                target[twice],
            ),
        )
    )
    # The mean so far, on which bets are placed, begins at one half as if that were a round: of two it is less.
    may = 2e-3 if name == "betting" else 1e-12
    assert tuple(once) == pytest.approx(tuple(again), abs=may)
    assert apart.high - apart.low < 0.8 * (again.high - again.low)


@pytest.mark.parametrize("name", ["normal", "bootstrap", "bernstein"])
def test_one_cluster_has_no_spread(name):
    rounds, target, _ = logged(20, units=["u"] * 20)
    assert all(map(math.isnan, asked(name, rounds, target)))


def test_few_clusters_take_students_quantile():
    values = np.array([0.0, 1.0, 5.0, 2.0])
    found = normal(Contributions(values), np.arange(4), 0.9)
    assert found == pytest.approx(stats.t.interval(0.9, 3, values.mean(), stats.sem(values)))


def test_a_bootstrap_of_means_is_that_of_rounds_drawn_again():
    """Against resamples of whole rounds, by the same draws."""
    rng = np.random.default_rng(3)
    weight, reward = rng.exponential(1.0, 40), rng.random(40)
    statistic = Contributions(np.zeros(40), weight * reward, weight)
    low, high = bootstrap(statistic, np.arange(40), 0.9, np.random.default_rng(4).random)
    rows = (np.random.default_rng(4).random(40_000) * 40).astype(int).reshape(1_000, 40)
    drawn = (weight * reward)[rows].sum(axis=1) / weight[rows].sum(axis=1)
    assert (low, high) == pytest.approx(np.quantile(drawn, [0.05, 0.95]), abs=1e-14)


def test_groups_of_clusters_spread_as_clusters_do():
    """Trends along the log and periods in it too, which groups in turns would have made even. Within a tenth."""
    n, rng = 20_000, np.random.default_rng(6)
    wave = np.sin(np.arange(n) * math.tau / 100) + np.linspace(0, 3, n) + rng.exponential(1, n)
    statistic = Contributions(wave)
    cluster = np.repeat(np.arange(n // 2), 2)
    exact = normal(statistic, cluster, 0.95)
    for groups in (100, 1_000):
        found = bootstrap(statistic, cluster, 0.95, rng.random, resamples=4_000, groups=groups)
        # The spread of a spread: of groups, and of resamples; five deviations.
        may = 5 * (0.5 / groups + 1 / 4_000) ** 0.5
        assert abs((found.high - found.low) / (exact.high - exact.low) - 1) < may


def test_a_resample_that_says_nothing_makes_an_interval_say_nothing():
    rounds = Rounds.of([0, 0, 1], [1.0, 0.0, 1.0], [0.5] * 3)
    target = np.array([[0.0, 1.0]] * 3)
    assert all(map(math.isnan, asked("bootstrap", rounds, target)))


@pytest.mark.parametrize("more", [{"resamples": 39}, {"groups": 1}])
def test_a_bootstrap_too_small_to_tell_is_refused(more):
    with pytest.raises(InvalidInput, match=r"40 times for a confidence of 0\.95"):
        bootstrap(Contributions(np.ones(3)), np.arange(3), 0.95, np.zeros, **more)


def test_bernstein_is_what_the_theorem_says_of_a_mean():
    values = np.random.default_rng(8).random(200) * 3.0
    found = bernstein(
        Contributions(values), np.arange(200), 0.9, Bounds(0, 2, most_weight=1.5), models=False
    )
    log = math.log(2 / 0.05)
    reach = math.sqrt(2 * values.var(ddof=1) * log / 200) + 7 * 3.0 * log / (3 * 199)
    middle = values.mean()
    assert found == pytest.approx((middle - reach, min(2.0, middle + reach)), abs=1e-12)


@pytest.mark.parametrize(
    ("statistic", "message"),
    [
        (Contributions(np.array([0.0, 11.0])), "they lie 11 apart, and 10 is all"),
        (Contributions(np.ones(2), np.ones(2), np.ones(2)), "a sum of both"),
        (
            Quotient(
                Contributions(np.zeros(2), np.ones(2), 2 * np.ones(2)), Contributions(np.ones(2))
            ),
            "a sum of both",
        ),
    ],
)
def test_bernstein_refuses_what_it_cannot_bound(statistic, message):
    with pytest.raises(InvalidInput, match=message):
        bernstein(statistic, np.arange(2), 0.9, Bounds(most_weight=10.0), models=False)


def test_bernstein_of_a_reward_per_impression():
    """One over another: the same as over those that were shown alone, where clusters are rounds."""
    rng = np.random.default_rng(1)
    shown = (rng.random(3_000) < 0.6).astype(float)
    reward = shown * (rng.random(3_000) < 0.4)
    both = Quotient(Contributions(reward), Contributions(shown))
    low, high = bernstein(both, np.arange(3_000), 0.95, Bounds(most_weight=1.0), models=False)
    assert low < value(both) < high
    assert low < 0.4 < high
    assert high - low < 0.12


@pytest.mark.parametrize("name", ["betting", "sequence"])
def test_what_is_of_a_decision_is_not_given_for_an_impression(name):
    rounds, target, _ = logged(10)
    contrast = contrast_of(rounds, target)
    both = Quotient(*[estimator_of("ips").contributions(contrast)] * 2)
    with pytest.raises(InvalidInput, match="must be of the value per decision"):
        interval_of(name, both, rounds, contrast, 0.95, bounds=Bounds())


def test_betting_on_one_round_and_on_what_never_changes():
    low, high = betting(told([1.0]), np.arange(1), 0.95, Bounds())
    assert (low, high) == (0.0, 1.0)
    low, high = betting(told(np.zeros(1_000)), np.arange(1_000), 0.95, Bounds())
    assert low == 0.0
    assert 0.0 < high < 0.02
    low, high = betting(told(np.ones(1_000)), np.arange(1_000), 0.95, Bounds())
    assert 0.98 < low < 1.0
    assert high == 1.0


def test_betting_is_narrow_without_a_bound_of_weights_and_narrower_with_it():
    """A weight of 50 now and then: the empirical Bernstein interval is told by what could have come."""
    rng = np.random.default_rng(12)
    n = 20_000
    weight = np.where(rng.random(n) < 0.02, 50.0, 0.0)
    weight = np.where(rng.random(n) < 0.9, 1.0, weight)
    contrast = told((rng.random(n) < 0.95).astype(float), weight)
    statistic = estimator_of("ips").contributions(contrast)
    known = Bounds(most_weight=50.0)
    of, bounded, unbounded, wide = (
        high - low
        for low, high in (
            normal(statistic, np.arange(n), 0.95),
            betting(contrast, np.arange(n), 0.95, known),
            betting(contrast, np.arange(n), 0.95, Bounds()),
            bernstein(statistic, np.arange(n), 0.95, known, models=False),
        )
    )
    assert bounded < unbounded < 2 * of < wide


def test_rewards_that_are_never_near_none_span_what_weights_make_of_them():
    """Of rewards in [1, 2] w r lies in [0, 2 W], whatever the least reward is; of those in [-2, -1] likewise."""
    assert Bounds(1.0, 2.0, most_weight=3.0).span(models=False) == 6.0
    assert Bounds(-2.0, -1.0, most_weight=3.0).span(models=False) == 6.0
    assert Bounds(-1.0, 2.0, most_weight=3.0).span(models=True) == 21.0
    weight, reward = np.tile([0.0, 3.0, 0.0], 100), np.linspace(1, 2, 300)
    statistic = estimator_of("ips").contributions(told(reward, weight))
    low, high = bernstein(
        statistic, np.arange(300), 0.95, Bounds(1.0, 2.0, most_weight=3.0), models=False
    )
    assert 1.0 <= low < value(statistic) < high <= 2.0


def test_what_was_logged_has_the_bounds_of_its_own_weights():
    """They are 1, however large those of the target policy may be."""
    rounds, target, _ = logged(400)

    def width(most_weight):
        found = evaluated(
            rounds,
            target,
            estimators=["ips"],
            interval="bernstein",
            bounds=Bounds(most_weight=most_weight),
        )
        low, high = found.logged[0].interval
        return high - low

    assert width(50.0) == width(20.0)


@pytest.mark.parametrize(
    "more",
    [
        {"low": 1.0, "high": 1.0},
        {"high": math.inf},
        {"low": math.nan},
        {"most_weight": 0.5},
        {"most_weight": math.inf},
    ],
)
def test_bounds_that_are_none_are_refused(more):
    with pytest.raises(InvalidInput, match="must"):
        Bounds(**more)


@pytest.mark.parametrize(
    ("name", "without", "message"),
    [
        ("bootstrap", {"uniforms": None}, "must have uniforms"),
        ("bernstein", {"bounds": None}, "'bernstein' must know the bounds"),
        ("bernstein", {"bounds": Bounds()}, "needs the largest weight"),
        ("betting", {"bounds": None}, "'betting' must know the bounds"),
        ("betting", {"bounds": Bounds(-1.0, 0.0)}, r"rewards must lie in \[-1, 0\], got 1"),
        ("sequence", {"bounds": None}, "'sequence' must know the bounds"),
        ("sequence", {"bounds": Bounds(0.0, 0.5)}, r"rewards must lie in \[0, 0.5\], got 1"),
        ("sequence", {"bounds": Bounds(most_weight=1.0)}, "weights must not be above 1, got"),
        ("bayes", {}, "unknown interval 'bayes'"),
    ],
)
def test_what_an_interval_lacks_is_named(name, without, message):
    rounds, target, _ = logged(100)
    with pytest.raises(InvalidInput, match=message):
        asked(name, rounds, target, **without)


@pytest.mark.parametrize("name", ["betting", "sequence"])
def test_weights_of_any_size_break_nothing(name):
    """One reward that cannot have come by chance: nothing is left that the truth could be, or hardly anything ruled out."""
    reward, weight = np.zeros(2_000), np.ones(2_000)
    reward[7], weight[7] = 1.0, 1e29
    rounds = Rounds.of([0] * 2_000, reward, 1 / weight, among=[0, 1])
    contrast = contrast_of(rounds, np.tile([1.0, 0.0], (2_000, 1)))
    statistic = estimator_of("ips").contributions(contrast)
    low, high = interval_of(name, statistic, rounds, contrast, 0.95, bounds=Bounds())
    if name == "betting":
        assert math.isnan(low)
        assert math.isnan(high)
    else:
        assert low == 0.0 < high < 0.1


@pytest.mark.parametrize("name", INTERVALS)
def test_no_rounds_have_no_interval(name):
    rounds, target, _ = logged(5)
    with pytest.raises(InvalidInput, match="a round at least"):
        asked(name, rounds.take(slice(0, 0)), target[:0])
