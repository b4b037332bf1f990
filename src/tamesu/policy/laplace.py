"""Expansions of a logistic likelihood: at which log-odds a row is replaced by a parabola, and by which.

A row of reward y at log-odds t has the likelihood sigma(t)^y (1 - sigma(t))^(1 - y). Its logarithm around
a point c is, to second order, that of a normal observation with precision w = sigma(c) (1 - sigma(c)) of
the value c + (y - sigma(c)) / w. Written as w and the moment w c + y - sigma(c), nothing is divided,
and rows add up. Refuses to know where log-odds come from.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy import special

Floats = NDArray[np.float64]

FARTHEST = 30.0
"""Log-odds beyond it stand as that: a chance of 1e-13 is no chance."""

CLOSE = 1e-9
"""Log-odds so near are the same."""

STEPS = 40
"""Some four will do; more where nearly nothing was known and a row alone says all."""


def parabola(at: Floats, reward: Floats) -> tuple[Floats, Floats]:
    """Precision w (n,) and moment (n,) of n rows of `reward` (n,), in [0, 1], expanded `at` log-odds (n,).

    Example:
        >>> parabola(np.array([0.0, 0.0]), np.array([0.0, 1.0]))
        (array([0.25, 0.25]), array([-0.5,  0.5]))
    """
    chance = special.expit(at)
    weight: Floats = chance * (1.0 - chance)
    return weight, weight * at + reward - chance


def lone_mode(location: float, variance: float, reward: float) -> float:
    """The likeliest log-odds of one row by itself, where they were Normal(location, variance).

    The root of t = location + variance (y - sigma(t)): by Newton's method, kept between where the row
    began and where it could be drawn at most, and within `FARTHEST`. Where a variance is huge the root is met to
    `CLOSE` alone; it is a place to expand at, and any near it will do.

    Example:
        >>> round(lone_mode(0.0, 4.0, 1.0), 4)
        1.0426
    """
    at = _near(location)
    end = _near(location + variance * (reward - _sigma(at)))
    low, high = min(at, end), max(at, end)
    for _ in range(STEPS):
        chance = _sigma(at)
        miss = at - location - variance * (reward - chance)
        low, high = (at, high) if miss < 0.0 else (low, at)
        new = at - miss / (1.0 + variance * chance * (1.0 - chance))
        if not low <= new <= high:
            new = 0.5 * (low + high)
        if abs(new - at) <= CLOSE:
            return new
        at = new
    return at


def _sigma(t: float) -> float:
    return 1.0 / (1.0 + math.exp(-t))


def _near(t: float) -> float:
    return min(max(t, -FARTHEST), FARTHEST)
