"""A policy against a world: what it loses is what it chose, and luck is the caller's."""

from __future__ import annotations

import itertools

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tamesu.base import Declaration, InvalidInput, NotFound, Part, ShapeMismatch
from tamesu.sim import BernoulliWorld, DriftingWorld, Excerpt, LoggedWorld, play

ARMS = [f"a{number}" for number in range(6)]
RATES = [0.1, 0.5, 0.3, 0.2, 0.9, 0.4]


def declared(explorer="thompson", size=None, arms=ARMS, seed=3):
    layout = {"kind": "slate", "size": size} if size else "single"
    policy = {"explorer": explorer}
    return Declaration.parse(
        {"name": "play", "arms": arms, "layout": layout, "policy": policy, "seed": seed}
    )


def luck(seed):
    rng = np.random.default_rng(seed)
    return lambda m, k: rng.random((m, k))


def logged(arms=6, positions=3, rows=40):
    """A log in which arm a at position p has a rate of its own."""
    rng = np.random.default_rng(9)
    item, place = (part.ravel() for part in np.mgrid[0:arms, 0:positions])
    item, place = np.repeat(item, rows), np.repeat(place, rows)
    click = rng.random(item.size) < (1 + item + positions * place) / (arms + positions**2)
    return LoggedWorld(item, place, click.astype(int))


def steps(declaration, world, rounds=200, every=50, seed=1):
    return list(play(declaration, world, rounds=rounds, every=every, uniforms=luck(seed)))


@given(st.integers(1, 120), st.integers(1, 50))
def test_every_round_is_played_once(rounds, every):
    made = steps(declared("uniform"), BernoulliWorld(RATES), rounds, every)
    assert [step.first for step in made] == list(range(0, rounds, every))
    assert sum(len(step.lost) for step in made) == sum(len(step.earned) for step in made) == rounds


@pytest.mark.parametrize("world", [BernoulliWorld(RATES), DriftingWorld(RATES, RATES[::-1])])
@pytest.mark.parametrize("size", [None, 1, 3, 6])
@pytest.mark.parametrize("explorer", ["thompson", "uniform", "epsilon_greedy"])
def test_nobody_loses_less_than_nothing_nor_more_than_there_is(world, size, explorer):
    for step in steps(declared(explorer, size), world):
        assert step.lost.min() >= -1e-12
        assert step.lost.max() <= (size or 1) * 0.8 + 1e-12
        assert set(step.earned.tolist()) <= set(range((size or 1) + 1))


def test_all_arms_delivered_lose_nothing_where_positions_count_alike():
    for step in steps(declared(size=6), BernoulliWorld(RATES)):
        assert step.lost == pytest.approx(0, abs=1e-12)


def test_the_same_is_the_same_and_another_seed_is_not():
    one, same = (steps(declared(), BernoulliWorld(RATES)) for _ in range(2))
    other = steps(declared(seed=4), BernoulliWorld(RATES))
    assert [step.lost.tolist() for step in one] == [step.lost.tolist() for step in same]
    assert [step.lost.tolist() for step in one] != [step.lost.tolist() for step in other]


def test_greedy_finds_the_certain_arm_and_stays():
    """Rates of 0 and 1: one look at the best arm settles it, for a policy that learns each round."""
    greedy = {"kind": "epsilon_greedy", "epsilon": 0}
    made = steps(declared(greedy), BernoulliWorld([0, 0, 1, 0, 0, 0]), rounds=30, every=1)
    lost = np.concatenate([step.lost for step in made])
    assert 0 < lost.sum() <= 5
    assert lost[6:].sum() == 0
    assert made[-1].evaluability.best == 1


def test_every_belief_is_learnt_at_the_end_of_its_step_and_not_before():
    made = steps(declared(), BernoulliWorld([0, 0, 0, 0, 1, 0]), rounds=100, every=50)
    assert made[0].evaluability.best == pytest.approx(1 / 6)
    assert made[1].evaluability.best > 0.9


def test_uniform_logs_are_worth_most():
    for step in steps(declared("uniform"), BernoulliWorld(RATES)):
        assert step.evaluability == pytest.approx((1 / 6, 0, 1))


def test_the_regret_of_uniform_play_is_the_mean_gap():
    """Standard error of the mean of 20,000 gaps below .0019: 5 of them, two-sided."""
    world = BernoulliWorld(RATES)
    lost = np.concatenate([s.lost for s in steps(declared("uniform"), world, 20_000, 5_000)])
    assert abs(lost.mean() - world.gaps().mean()) < 0.0095


# Worlds -------------------------------------------------------------------------------------------


def test_a_drifting_world_goes_from_its_start_to_its_end():
    world = DriftingWorld([0.2, 0.6], [0.6, 0.2])
    assert world.rates == pytest.approx([0.2, 0.6])
    assert world.at(0.0).rates == pytest.approx([0.2, 0.6])
    assert world.at(0.25).rates == pytest.approx([0.3, 0.5])
    assert world.at(0.75).gaps() == pytest.approx([0, 0.2])
    with pytest.raises(ShapeMismatch, match="a rate for each arm, got 2 and 1"):
        DriftingWorld([0.2, 0.6], [0.6])
    with pytest.raises(InvalidInput):
        DriftingWorld([0.2, 0.6], [0.6, 1.2])


def test_what_drifts_is_judged_by_the_rates_of_its_own_time():
    world = DriftingWorld([0.0, 1.0], [1.0, 0.0])
    made = steps(declared("uniform", arms=["a", "b"]), world, rounds=1000, every=10)
    half = [step.lost.max() for step in made if step.first == 500]
    assert half == [0.0]
    assert made[0].lost.max() == 1.0
    assert made[-1].lost.max() == pytest.approx(0.98)


@pytest.mark.parametrize("size", [1, 2, 3])
def test_an_excerpt_is_the_log_by_rows(size):
    log = logged()
    arms = ["4", "1", "5", "0"]
    world = Excerpt(log, arms, size)
    rows = np.array([[2, 0, 1][:size], [3, 1, 2][:size]])
    u = np.random.default_rng(1).random(rows.shape)
    for row, uniforms, expected, clicks in zip(
        rows, u, world.expected(rows), world.rewards(rows, u), strict=True
    ):
        for place, arm in enumerate(row):
            assert expected[place] == log.rates[int(arms[arm]), place]
            assert clicks[place] == log.draw(arms[arm], place, uniforms[place])
    first = log.rates[[4, 1, 5, 0], 0]
    assert world.gaps() == pytest.approx(first.max() - first)


@pytest.mark.parametrize("size", [1, 2, 3])
def test_no_decision_earns_more_than_the_best_of_an_excerpt(size):
    world = Excerpt(logged(), ["0", "1", "3", "5"], size)
    all_of_them = np.array(list(itertools.permutations(range(4), size)))
    assert world.best(size) == pytest.approx(world.expected(all_of_them).sum(axis=1).max())


def test_an_excerpt_refuses_what_was_not_logged():
    with pytest.raises(NotFound, match="'9'"):
        Excerpt(logged(), ["1", "9"], 1)
    with pytest.raises(InvalidInput, match="may have 3 arms"):
        Excerpt(logged(), ["1", "2", "3", "4"], 4)


def test_a_logged_world_is_played_like_any_other():
    declaration = declared(size=2, arms=[str(number) for number in range(6)])
    uniform = msgspec.structs.replace(declaration, explorer=Part(kind="uniform"))
    world = Excerpt(logged(), declaration.arm_ids, 2)
    learnt, not_learnt = (
        sum(step.lost.sum() for step in steps(one, world, 4_000, 50))
        for one in (declaration, uniform)
    )
    assert 0 < learnt < not_learnt / 2
