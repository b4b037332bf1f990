"""How far a sum gets below its prediction: the inequality it stands on, and the equation it solves."""

from __future__ import annotations

import numpy as np
import pytest

from tamesu.evaluate.intervals.boundary import RATES, Surprises, least_total


def curve(rates):
    return -np.log1p(-rates) - rates


def test_the_inequality_holds_for_every_rate_and_every_surprise():
    """exp(l y - f(l) y^2) <= 1 + l y for y >= -1: then the mean of y bounds that of the exponential."""
    y = np.concatenate([np.linspace(-1, 2, 3_001), np.geomspace(2, 1e4, 100)])[:, None]
    assert (np.exp(RATES * y - curve(RATES) * y**2) <= 1 + RATES * y + 1e-12).all()


@pytest.mark.parametrize("tail", [0.5, 0.025, 1e-6])
def test_there_the_mixture_is_just_enough(tail):
    total = np.array([0.0, 3.0, 250.0, 1e6, 1e6, -40.0])
    square = np.array([0.0, 8.0, 90.0, 1e6, 10.0, 60.0])
    wide = Surprises(0.9 * total, 4 * square, 7.0)
    for several in ([Surprises(total, square, 1.0)], [Surprises(total, square, 1.0), wide]):
        at = least_total(several, tail)
        logs = np.concatenate(
            [
                (one.total - at)[:, None] * RATES / one.scale
                - one.square[:, None] * curve(RATES) / one.scale**2
                for one in several
            ],
            axis=1,
        )
        top = logs.max(axis=1, keepdims=True)
        mixture = top[:, 0] + np.log(np.exp(logs - top).mean(axis=1))
        assert mixture == pytest.approx(np.full(6, -np.log(tail)), abs=1e-6)
        assert (at < several[0].total).all()


def test_it_reaches_at_most_half_as_far_again_as_the_one_rate_that_is_best_afterwards():
    """Over seven decades of rounds: what is paid for not knowing how many there will be."""
    square = np.geomspace(10, 1e8, 40)
    reach = -least_total([Surprises(np.zeros(40), square, 1.0)], 0.025)
    rates = np.geomspace(1e-5, 0.99, 4_000)
    best = ((np.log(40) + np.multiply.outer(square, curve(rates))) / rates).min(axis=1)
    assert (reach >= best).all()
    assert (reach < 1.5 * best).all()
