"""Models along a log: nobody is asked of what it has learnt, or of what came before that."""

from __future__ import annotations

import numpy as np
import pytest

from tamesu.base import InvalidInput, ShapeMismatch
from tamesu.evaluate import Rounds, evaluated
from tamesu.evaluate.along import FIRST, along
from tamesu.evaluate.intervals import Bounds


def logged(n, **more):
    return Rounds.of(np.arange(n) % 2, np.zeros(n), np.full(n, 0.5), among=[0, 1], **more)


def count(learnt):
    """Says of everything how many rounds it learnt from."""
    return lambda asked: np.full((len(asked), 2), float(len(learnt)))


def test_a_round_is_told_by_a_model_of_half_its_past_at_least():
    rounds = logged(1_000)
    said = along(rounds, count, Bounds(0, 1e6))(rounds)[:, 0]
    at = np.arange(1_000)
    assert (said[:FIRST] == 5e5).all()
    assert (said[FIRST:] <= at[FIRST:]).all()
    assert (said[FIRST:] > at[FIRST:] / 2 - 1).all()


def test_it_is_the_same_asked_in_parts_and_of_rounds_that_were_taken():
    rounds = logged(900).take(np.arange(50, 900))
    asked = along(rounds, count, Bounds(0, 1e6))
    whole = asked(rounds)
    some = np.array([700, 3, 210])
    assert asked(rounds.take(some)).tolist() == whole[some].tolist()
    assert whole[FIRST, 0] == FIRST


def test_a_decision_is_not_divided():
    rounds = logged(600, decided=np.arange(600) // 3, units=np.arange(600) // 3)
    said = along(rounds, count, Bounds(0, 1e6))(rounds)[:, 0]
    assert np.unique(said).tolist() == [300.0, 5e5]
    assert np.flatnonzero(np.diff(said)).tolist() == [299]


def test_what_is_said_is_cut_to_the_bounds():
    rounds = logged(300)
    assert along(rounds, count, Bounds(-1, 3))(rounds).max() == 3


def test_what_cannot_be_is_refused():
    with pytest.raises(InvalidInput, match="in the order"):
        along(logged(3, decided=[2, 1, 3]), count, Bounds())
    rounds = logged(300)
    with pytest.raises(ShapeMismatch, match=r"must say \(100, 2\) rewards, got \(100, 1\)"):
        along(rounds, lambda _: lambda asked: np.zeros((len(asked), 1)), Bounds())(
            rounds.take(slice(100, None))
        )


def test_a_sequence_is_narrower_with_a_model_that_learnt_along_the_log():
    """Half of all contexts pay always, half of them hardly ever: who knows that is surprised less."""
    rng = np.random.default_rng(2)
    n = 20_000
    kind = rng.random(n) < 0.5
    rewards = (rng.random(n) < np.where(kind, 0.98, 0.02)).astype(float)
    arms = (rng.random(n) < 0.9).astype(int)
    rounds = Rounds.of(
        arms, rewards, np.where(arms, 0.9, 0.1), among=[0, 1], contexts=kind[:, None]
    )
    told = [
        evaluated(
            rounds,
            np.tile([1.0, 0.0], (n, 1)),
            estimators=[estimator],
            predicted=predicted,
            interval="sequence",
            bounds=Bounds(most_weight=10.0),
        )
        .estimates[0]
        .interval
        for estimator, predicted in (("dr", None), ("snips", None), ("dr", np.full((n, 2), 0.5)))
    ]
    widths = [one.high - one.low for one in told]
    assert all(one.low < 0.5 < one.high for one in told)
    assert widths[0] < 0.5 * widths[1]
    # Of rewards that are given nobody knows what they were learnt from.
    assert widths[2] == widths[1]
