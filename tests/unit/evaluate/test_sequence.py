"""Sequences: what they say at first and at last, of steps and sides, and of what they must not be given."""

from __future__ import annotations

import numpy as np
import pytest
from contrasts import told

from tamesu.base import InvalidInput
from tamesu.evaluate import Rounds, contrast_of
from tamesu.evaluate.intervals import Bounds, Interval, betting, sequence, steps_of


def test_a_sequence_knows_nothing_at_first_and_much_at_last():
    rng = np.random.default_rng(2)
    found = sequence(told(rng.random(50_000) < 0.3), np.arange(50_000), 0.95, Bounds())
    assert (found.low[0], found.high[0]) == (0.0, 1.0)
    assert found.rounds[0] == 1
    assert found.rounds[-1] == 50_000
    assert len(found.rounds) <= 512
    assert found.last == Interval(found.low[-1], found.high[-1])
    assert 0.28 < found.low[-1] < 0.3 < found.high[-1] < 0.32


def test_a_sequence_is_the_same_at_any_moments():
    rng = np.random.default_rng(2)
    contrast, step = told(rng.random(2_000) < 0.3), np.arange(2_000)
    whole = sequence(contrast, step, 0.95, Bounds(most_weight=3.0))
    some = sequence(contrast, step, 0.95, Bounds(most_weight=3.0), moments=whole.rounds[::50])
    assert some.low == pytest.approx(whole.low[::50], abs=1e-12)
    early = sequence(
        told(contrast.reward[:700]),
        step[:700],
        0.95,
        Bounds(most_weight=3.0),
        moments=np.array([700]),
    )
    late = sequence(contrast, step, 0.95, Bounds(most_weight=3.0), moments=np.array([700]))
    assert early.last == pytest.approx(late.last, abs=1e-12)


def test_a_sequence_is_that_of_the_scaled_rewards_and_mirrored_that_of_mirrored_ones():
    rng = np.random.default_rng(9)
    reward, weight = rng.random(500), rng.choice([0.5, 1.5], 500)
    step, bounds = np.arange(500), Bounds(most_weight=4.0)
    plain = sequence(told(reward, weight), step, 0.9, bounds)
    turned = sequence(told(1 - reward, weight), step, 0.9, bounds)
    scaled = sequence(told(7 * reward - 3, weight), step, 0.9, Bounds(-3, 4, most_weight=4.0))
    assert turned.low == pytest.approx(1 - plain.high, abs=1e-9)
    assert scaled.low == pytest.approx(7 * plain.low - 3, abs=1e-9)
    assert scaled.high == pytest.approx(7 * plain.high - 3, abs=1e-9)


def test_a_known_largest_weight_and_a_model_make_a_sequence_narrower():
    rng = np.random.default_rng(5)
    n = 40_000
    level = np.where(np.arange(n) % 2, 0.9, 0.5)
    reward = (rng.random(n) < level).astype(float)
    weight = np.where(rng.random(n) < 0.1, 10.0, 0.0)
    step = np.arange(n)
    widths = [
        np.diff(sequence(contrast, step, 0.95, bounds).last)[0]
        for contrast, bounds in (
            (told(reward, weight), Bounds()),
            (told(reward, weight), Bounds(most_weight=10.0)),
            (told(reward, weight, level, level), Bounds(most_weight=10.0)),
        )
    ]
    assert widths[1] < 0.75 * widths[0]
    assert widths[2] < 0.95 * widths[1]


def test_rounds_of_one_decision_are_one_step():
    """All that a decision said twice is said once."""
    rng = np.random.default_rng(4)
    reward, weight = rng.random(300), rng.choice([0.5, 1.5], 300)
    twice = np.repeat(np.arange(300), 2)
    bounds = Bounds(most_weight=2.0)
    once = sequence(told(reward, weight), np.arange(300), 0.95, bounds)
    again = sequence(told(reward[twice], weight[twice]), twice, 0.95, bounds)
    assert again.rounds.tolist() == (2 * once.rounds).tolist()
    # Without a model, the mean so far begins at one half as if that were one round: of two it is less.
    assert again.low == pytest.approx(once.low, abs=2e-3)
    plain = sequence(told(reward[twice], weight[twice]), twice, 0.95, Bounds())
    assert plain.low == pytest.approx(
        sequence(told(reward, weight), np.arange(300), 0.95, Bounds()).low, abs=1e-12
    )


def test_steps_are_decisions_in_the_order_of_the_log():
    rounds = Rounds.of(
        [0] * 5, [0.0] * 5, [1.0] * 5, decided=[3, 3, 3, 4, 9], units=["a", "a", "b", "b", "b"]
    )
    assert steps_of(rounds).tolist() == [0, 0, 1, 2, 3]
    with pytest.raises(InvalidInput, match="in the order in which they were decided"):
        steps_of(rounds.take(np.array([3, 0])))


def test_a_sequence_is_of_the_units_that_came_and_betting_of_units_in_general():
    """A hundred units of 40 rounds, rates of .1 or .9: of 60 logs three at most are wrong on average, 17 once in 10^8 times."""
    wrong = {"units that came": 0, "units in general": 0, "betting": 0}
    unit = np.tile(np.arange(100), 40)
    for seed in range(60):
        rng = np.random.default_rng(seed)
        rate = rng.choice([0.1, 0.9], 100)
        contrast = told(rng.random(4_000) < rate[unit], rng.choice([0.5, 1.5], 4_000))
        low, high = sequence(contrast, np.arange(4_000), 0.95, Bounds()).last
        wrong["units that came"] += not low <= rate.mean() <= high
        wrong["units in general"] += not low <= 0.5 <= high
        low, high = betting(contrast, unit, 0.95, Bounds())
        wrong["betting"] += not low <= 0.5 <= high
    assert wrong["units that came"] < 17
    assert wrong["betting"] < 17
    assert wrong["units in general"] > 17


@pytest.mark.parametrize("step", [[1, 2, 3], [0, 2, 3], [0, 1, 0]])
def test_steps_that_are_none_are_refused(step):
    with pytest.raises(InvalidInput, match="steps must rise from 0"):
        sequence(told([0.0, 1.0, 1.0]), np.array(step), 0.95, Bounds())


@pytest.mark.parametrize(
    ("contrast", "moments", "message"),
    [
        (told([1.0, 0.0], guess=2.0), None, "what a model says must lie in"),
        (told([]), None, "a round at least"),
        (told([1.0, 0.0]), [2, 1], "moments must rise within 1 and 2"),
        (told([1.0, 0.0]), [3], "moments must rise"),
        (told([1.0, 0.0]), [0], "moments must rise"),
        (told([1.0, 0.0]), [], "moments must rise"),
    ],
)
def test_a_sequence_refuses_what_it_cannot_be_of(contrast, moments, message):
    at = None if moments is None else np.array(moments, np.intp)
    with pytest.raises(InvalidInput, match=message):
        sequence(contrast, np.arange(len(contrast)), 0.95, Bounds(), moments=at)


def test_what_single_precision_leaves_over_is_no_offence():
    n = 200
    rounds = Rounds.of([0] * n, np.ones(n), np.full(n, 0.5), among=[0])
    contrast = contrast_of(rounds, np.full((n, 1), 1 + 5e-7), np.ones((n, 1)))
    assert contrast.expected.max() > 1
    assert sequence(contrast, np.arange(n), 0.95, Bounds(most_weight=2.0)).last.high == 1.0
