"""Drift: the log in parts of equal size by time, and whether its halves tell of the same thing.

An estimate is of the time of the log. Where what policies earn has moved meanwhile, it is of no moment of it.
Refuses to foretell.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from tamesu.evaluate.clustered import clustered_error, clusters_of
from tamesu.evaluate.contrast import Contrast
from tamesu.evaluate.contributions import Contributions, Statistic, value
from tamesu.evaluate.rounds import Rounds

Floats: TypeAlias = NDArray[np.float64]

PARTS = 10

ROUNDED = 1e-12
"""Of a mean: an error that is less is none."""


@dataclass(frozen=True, slots=True)
class Part:
    """Rounds that follow each other.

    Attributes:
        since, until: microseconds of the first and the last.
        rounds: how many.
        logged: their mean reward.
        logged_error: its standard error, by clusters.
        target: that of the target policy, self-normalised; NaN where it would have done nothing of that.
        target_error: likewise.
    """

    since: int
    until: int
    rounds: int
    logged: float
    logged_error: float
    target: float
    target_error: float


@dataclass(frozen=True, slots=True)
class Drift:
    """How the log went.

    Attributes:
        logged: by how many standard errors the second half's mean reward lies above the first's; infinite
            where all rounds of a half earned the same, and those of the other half something else.
        target: the same of the target policy's. NaN where a half says nothing.
        halves: both of them.
        parts: up to ten, of equal size.
    """

    logged: float
    target: float
    halves: tuple[Part, ...]
    parts: tuple[Part, ...]


def drift_of(rounds: Rounds, contrast: Contrast) -> Drift:
    """The halves and tenths of a log. O(n log n)."""
    order = np.argsort(rounds.decided, kind="stable")
    cluster = None if clusters_of(rounds.cluster) == len(rounds) else rounds.cluster
    decided = rounds.decided

    def part(some: NDArray[np.intp]) -> Part:
        reward, weight = contrast.reward[some], contrast.weight[some]
        mine = None if cluster is None else cluster[some]
        logged = Contributions(reward)
        target = Contributions(np.zeros(len(some)), weight * reward, weight)
        return Part(
            since=int(decided[some[0]]) if len(some) else 0,
            until=int(decided[some[-1]]) if len(some) else 0,
            rounds=len(some),
            logged=_value(logged),
            logged_error=_error(logged, mine),
            target=_value(target),
            target_error=_error(target, mine),
        )

    halves = tuple(part(some) for some in np.array_split(order, 2))
    parts = np.array_split(order, min(PARTS, max(1, len(order))))
    one, two = halves
    return Drift(
        logged=_apart(one.logged, one.logged_error, two.logged, two.logged_error),
        target=_apart(one.target, one.target_error, two.target, two.target_error),
        halves=halves,
        parts=tuple(part(some) for some in parts),
    )


def _value(statistic: Statistic) -> float:
    return value(statistic) if len(statistic.columns) else math.nan


def _error(statistic: Statistic, cluster: NDArray[np.intp] | None) -> float:
    if math.isnan(_value(statistic)):
        return math.nan
    return clustered_error(statistic.influence(), cluster)


def _apart(one: float, error: float, two: float, other: float) -> float:
    both = math.hypot(error, other)
    if math.isnan(both):
        return math.nan
    rounded = ROUNDED * max(abs(one), abs(two))
    if both > rounded:
        return (two - one) / both
    # Where all rounds of a half earned the same, what is left of an error is that of rounding.
    return math.copysign(math.inf, two - one) if abs(two - one) > rounded else 0.0
