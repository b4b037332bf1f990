"""Regret, and what it costs in evaluability: the figures of every comparison of policies.

Refuses to draw: the worlds and the policies do.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from tamesu.base import ShapeMismatch

NEVER = 1e-6
"""An arm below this propensity is as good as never logged."""


def regret(gaps: NDArray[np.float64], arms: NDArray[np.intp]) -> NDArray[np.float64]:
    """Cumulative pseudo-regret R_t = sum over s <= t of gaps[arms_s].

    Args:
        gaps: (n,) expected shortfall of each arm, as a world gives it.
        arms: (..., rounds) numbers of the arms played.

    Returns:
        (..., rounds), rising. Zero where only the best arm is played. Expected rewards stand for
        drawn ones, so the luck of the rewards is not in it.

    Example:
        >>> regret(np.array([0.0, 0.5]), np.array([1, 0, 1]))
        array([0.5, 0.5, 1. ])
    """
    return np.cumsum(gaps[arms], axis=-1)


def best_assignment(worth: NDArray[np.float64]) -> float:
    """What the best of all ways to place k different arms at k positions is worth.

    A linear assignment problem, solved exactly.

    Args:
        worth: (n, k) of arm a at position i, n >= k; of one round, or added up over many, which
            gives what the best arms *held fixed* would have earned.

    Example:
        >>> best_assignment(np.array([[0.9, 0.8], [0.5, 0.1]]))
        1.3
    """
    rows, columns = linear_sum_assignment(worth, maximize=True)
    return float(worth[rows, columns].sum())


class Evaluability(NamedTuple):
    """How well logs made with a distribution can evaluate other policies.

    Attributes:
        best: mass on the best arm.
        never: share of arms with a propensity below `NEVER`.
        effective: effective sample size for the uniform target, per logged row:
            (sum w p)^2 / sum w^2 p with w_a = 1 / (n p_a); 1 for uniform logs, near 0 where some
            arm is almost never shown, 0 where one never is.
    """

    best: float
    never: float
    effective: float


def evaluability(gaps: NDArray[np.float64], propensities: NDArray[np.float64]) -> Evaluability:
    """What logs of `propensities` (n,) are worth in a world of `gaps` (n,).

    Example:
        >>> evaluability(np.array([0.0, 0.1]), np.array([0.5, 0.5])).effective
        1.0

    Source: the effective sample size of Kish, Survey Sampling, 1965.
    """
    if gaps.shape != propensities.shape or gaps.ndim != 1:
        raise ShapeMismatch(
            f"gaps and propensities must both be (n,), got {gaps.shape} and {propensities.shape}"
        )
    n = len(gaps)
    with np.errstate(divide="ignore", over="ignore"):
        effective = n * n / float(np.sum(1.0 / propensities))
    return Evaluability(
        best=float(propensities[gaps == 0].sum()),
        never=float(np.mean(propensities < NEVER)),
        effective=effective,
    )
