"""The world made of logs: every draw is a logged row, and the truth is the log's own share."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tamesu.base import NoSupport, NotFound, ShapeMismatch
from tamesu.sim import LoggedWorld


def a_log(seed: int, arms: int = 5, positions: int = 3, rows: int = 400):
    """A random log in which every arm stands at every position at least once."""
    g = np.random.default_rng(seed)
    pairs = np.array([(a, p) for a in range(arms) for p in range(1, positions + 1)])
    extra = pairs[g.integers(len(pairs), size=rows)]
    both = np.concatenate([pairs, extra])[g.permutation(len(pairs) + rows)]
    items = 10 * both[:, 0] + 3
    return items, both[:, 1], (g.random(len(both)) < 0.2).astype(int)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_uniforms_spread_evenly_draw_each_logged_row_of_a_cell_once(seed):
    items, places, clicks = a_log(seed)
    world = LoggedWorld(items, places, clicks)
    for arm in world.arms:
        for position in range(world.positions):
            cell = clicks[(items == int(arm)) & (places == position + 1)]
            uniforms = (np.arange(len(cell)) + 0.5) / len(cell)
            drawn = world.draw_many([arm] * len(cell), [position] * len(cell), uniforms)
            assert drawn.tolist() == cell.tolist()
            rate = world.rates[world.arms.index(arm), position]
            assert rate == pytest.approx(cell.mean(), abs=0)


def test_the_last_uniform_below_one_draws_the_last_row():
    world = LoggedWorld([1] * 7, [0] * 7, [0] * 6 + [1])
    assert world.draw("1", 0, np.nextafter(1.0, 0.0)) == 1
    assert world.draw("1", 0, 0.0) == 0


def test_one_draw_is_the_batch_of_one():
    world = LoggedWorld(*a_log(3))
    g = np.random.default_rng(4)
    uniforms = g.random(200)
    arms = [world.arms[i] for i in g.integers(len(world.arms), size=200)]
    places = g.integers(world.positions, size=200)
    many = world.draw_many(arms, places, uniforms)
    one = [world.draw(a, int(p), float(u)) for a, p, u in zip(arms, places, uniforms, strict=True)]
    assert many.tolist() == one
    assert 0 < many.sum() < 200


def test_rates_of_gives_the_true_rate_of_each_delivery():
    world = LoggedWorld(*a_log(5))
    found = world.rates_of([world.arms[2], world.arms[0]], [1, 2])
    assert found.tolist() == [world.rates[2, 1], world.rates[0, 2]]


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), positions=st.integers(1, 3))
def test_no_other_choice_of_distinct_arms_earns_more_than_the_best_assignment(seed, positions):
    world = LoggedWorld(*a_log(seed, positions=positions))
    best = world.best_assignment()
    assert len(set(best.arms)) == positions
    assert best.rates == tuple(world.rates_of(best.arms, range(positions)))
    brute = max(
        sum(world.rates[arm, place] for place, arm in enumerate(arms))
        for arms in permutations(range(len(world.arms)), positions)
    )
    assert best.clicks == pytest.approx(brute, rel=1e-12)
    assert best.rate == pytest.approx(brute / positions, rel=1e-12)


def test_the_best_set_holds_the_highest_means_and_never_beats_the_best_assignment():
    world = LoggedWorld(*a_log(11))
    best = world.best_set(3)
    means = world.rates.mean(axis=1)
    assert list(best.rates) == sorted(means, reverse=True)[:3]
    assert best.clicks <= world.best_assignment().clicks


def test_the_logged_rate_is_the_share_of_clicks_in_the_log():
    items, places, clicks = a_log(8)
    world = LoggedWorld(items, places, clicks)
    assert world.logged_rate == clicks.mean()
    assert world.logged == len(clicks)


def test_arms_are_ordered_by_number_and_not_by_text():
    assert LoggedWorld([10, 9, 2], [1, 1, 1], [0, 0, 1]).arms == ("2", "9", "10")


def test_the_truth_cannot_be_written_over():
    world = LoggedWorld(*a_log(1))
    with pytest.raises(ValueError, match="read-only"):
        world.rates[0, 0] = 1.0


@pytest.mark.parametrize(
    ("columns", "error", "words"),
    [
        (([1, 2], [1], [0]), ShapeMismatch, "one row each per delivery"),
        (([], [], []), NoSupport, "at least one logged delivery"),
        (([1], [1], [2]), NoSupport, "click must be 0 or 1"),
        (([1], [1], [0.5]), NoSupport, "click must be 0 or 1"),
        (([1, 1, 2], [1, 2, 1], [0, 0, 0]), NoSupport, "none of arm '2' at position 1"),
    ],
)
def test_a_log_that_cannot_be_a_world_is_refused(columns, error, words):
    with pytest.raises(error, match=words):
        LoggedWorld(*columns)


def test_an_arm_or_a_position_the_world_does_not_have_is_refused():
    world = LoggedWorld(*a_log(2))
    with pytest.raises(NotFound, match="'nope'"):
        world.draw("nope", 0, 0.5)
    for position in (-1, 3):
        with pytest.raises(ShapeMismatch, match=r"0\.\.2"):
            world.draw(world.arms[0], position, 0.5)
