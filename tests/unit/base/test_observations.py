"""Observations: rewards on the grid, and columns that are the same as rows."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tamesu.base import GRID, Observation, Observations, Outcome, Time
from tamesu.base.grid import LARGEST, to_grid, to_grid_many
from tamesu.base.observations import EXACT, NO_REWARD, NO_TIME

finite = st.floats(allow_nan=False, allow_infinity=False)


@given(st.floats(-(2.0**31), 2.0**31))
def test_a_reward_moves_by_at_most_half_a_grid_step(value):
    assert abs(Fraction(to_grid(value), GRID) - Fraction(value)) <= Fraction(1, 2 * GRID)


@given(st.integers(-(2**51), 2**51))
def test_what_lies_on_the_grid_stays(steps):
    assert to_grid(steps / GRID) == steps


def test_halves_go_to_the_even_step():
    assert [to_grid(half / GRID) for half in (0.5, 1.5, 2.5, -0.5, -1.5)] == [0, 2, 2, 0, -2]


@given(st.lists(finite, max_size=20))
def test_the_columnar_rounding_is_the_plain_one(values):
    assert to_grid_many(np.array(values, dtype=np.float64)).tolist() == [to_grid(v) for v in values]


def test_the_grid_saturates_where_64_bits_would_not_hold_a_sum():
    assert to_grid(math.inf) == to_grid(1e300) == int(LARGEST)
    assert to_grid(-math.inf) == -int(LARGEST)


def observations(n, seed=0, terms=("click",)):
    draw = np.random.default_rng(seed)
    objects = lambda prefix: np.array([f"{prefix}{i}" for i in range(n)], dtype=object)  # noqa: E731 - three columns alike
    nothing = np.full(n, None, dtype=object)
    whole = lambda high: draw.integers(0, high, n)  # noqa: E731 - many columns alike
    return Observations(
        bandit="b",
        declaration=1,
        decision_id=objects("d"),
        position=whole(3),
        correction=whole(2),
        experiment=nothing,
        variant=nothing,
        unit=objects("u"),
        arm=objects("a"),
        context=nothing,
        eligible=nothing,
        propensity=draw.random(n),
        score=draw.random(n),
        draws=np.where(whole(2), EXACT, 64),
        fallback=whole(2).astype(bool),
        outcome=whole(3),
        reward=whole(GRID),
        previous_reward=np.where(whole(2), NO_REWARD, whole(GRID)),
        terms={name: whole(GRID) for name in terms},
        decided=whole(10**15),
        shown=np.where(whole(2), NO_TIME, whole(10**15)),
        closed=whole(10**15),
        accepted=np.full(n, NO_TIME),
        snapshot=whole(9),
        absorbed=whole(9),
        features=np.full(n, None, dtype=object),
    )


def rows(columns):
    return list(columns.rows())


@given(st.integers(0, 12), st.integers(0, 12), st.integers(0, 12))
def test_rows_of_a_whole_are_the_rows_of_its_parts(first, second, third):
    parts = [observations(n, seed) for seed, n in enumerate((first, second, third))]
    whole = Observations.concatenate(parts)
    assert len(whole) == first + second + third
    assert rows(whole) == [row for part in parts for row in rows(part)]


@given(st.lists(st.integers(0, 9), max_size=12))
def test_taking_rows_takes_them_in_that_order(picked):
    columns = observations(10)
    taken = columns.take(np.array(picked, dtype=np.int64))
    assert rows(taken) == [rows(columns)[i] for i in picked]
    mask = np.isin(np.arange(10), picked)
    assert rows(columns.take(mask)) == [row for i, row in enumerate(rows(columns)) if mask[i]]


def test_a_row_says_none_where_a_column_cannot():
    for row, i in zip(rows(columns := observations(50)), range(50), strict=True):
        assert isinstance(row, Observation)
        assert (row.draws is None) == (columns.draws[i] == EXACT)
        assert (row.shown is None) == (columns.shown[i] == NO_TIME)
        assert (row.previous_reward is None) == (columns.previous_reward[i] == NO_REWARD)
        assert isinstance(row.outcome, Outcome)
        assert isinstance(row.decided, Time)
        assert type(row.reward) is int
