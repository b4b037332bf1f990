"""`Aims`: the objectives of a bandit as numbers, and what a delivery came to by each of them.

Everything follows from the terms of an observation, so that join and archive know nothing of objectives.
Refuses to weigh them against each other: a scalarisation does.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tamesu.base.grid import GRID

LARGEST = 1 << 50
"""Where a value saturates, in 1 / GRID: far beyond any range, and exact as a float."""

_MOST_SNAPPED = 1_000
"""Objectives with more possible values than this keep the rounding of their terms."""


class Aims(NamedTuple):
    """What is wanted, D objectives in the order declared.

    Attributes:
        names: (D,) unique.
        kind: how they become one number, `weighted` or `gini`.
        weights: (D,) of `weighted` the share of each objective; of `gini` those by rank, the worst first,
            never rising.
        types: (D,) the event types of each.
        ranges: (D,) least and greatest value of each, as it is declared or follows.
        shares: (D,) what a whole range of each comes to in the reward; they add up to 1.
        possible: (D,) in rising order all values that each can have, in 1 / GRID of its range; empty where
            they cannot be listed.
    """

    names: tuple[str, ...]
    kind: str
    weights: tuple[float, ...]
    types: tuple[tuple[str, ...], ...]
    ranges: tuple[tuple[float, float], ...]
    shares: tuple[float, ...]
    possible: tuple[tuple[int, ...], ...]

    @property
    def are_apart(self) -> bool:
        """Whether each is learnt by itself: of `weighted` only their sum is."""
        return self.kind == "gini"

    @property
    def start(self) -> float:
        """The reward where each objective is at its least; where each is at its greatest, it is 1 more."""
        ends = zip(self.shares, self.ranges, strict=True)
        return math.fsum(share * low / (high - low) for share, (low, high) in ends)


def vector_of(aims: Aims, terms: Mapping[str, NDArray[np.int64]], n: int) -> NDArray[np.int64]:
    """(n, D) what each of n deliveries came to by each objective, in 1 / GRID of its range.

    With terms t_k of objective d, its share s_d of the reward and its range [low, high]:
    sum of t_k / s_d - low / (high - low). Of a share below 1 that is coarser than the grid, by half a step
    of it for each term; where the possible values can be listed, it is the one meant.

    Values outside of [0, 1] are given as they are, saturating at ±2^50: a belief whose bounds are those
    clips them, and counts what it clipped.

    Args:
        aims: D objectives.
        terms: (n,) by event type in 1 / GRID; one that is not there is 0.
        n: how many deliveries.
    """
    vector = np.zeros((n, len(aims.names)), dtype=np.int64)
    for place, types in enumerate(aims.types):
        total = np.zeros(n)
        for type_ in types:
            if type_ in terms:
                total += terms[type_]
        (low, high), share = aims.ranges[place], aims.shares[place]
        scaled = np.rint(total / share - low / (high - low) * GRID)
        vector[:, place] = np.clip(scaled, -LARGEST, LARGEST).astype(np.int64)
        if aims.possible[place]:
            slack = len(types) / 2 / share + 1
            vector[:, place] = snapped(vector[:, place], aims.possible[place], slack)
    return vector


def values_of(aims: Aims, terms: Mapping[str, int]) -> dict[str, float]:
    """What one delivery came to by each objective, in its own units, to as many digits as terms have."""
    columns = {name: np.array([term], dtype=np.int64) for name, term in terms.items()}
    vector = vector_of(aims, columns, 1)[0] / GRID
    values: dict[str, float] = {}
    for place, name in enumerate(aims.names):
        low, high = aims.ranges[place]
        value = low + (high - low) * float(vector[place])
        values[name] = round(value, -math.ceil(math.log10(grain_of(aims, place))))
    return values


def grain_of(aims: Aims, place: int) -> float:
    """How finely terms tell the objective at `place`, in its own units."""
    low, high = aims.ranges[place]
    return len(aims.types[place]) * (high - low) / aims.shares[place] / GRID


def scaled(low: float, high: float, values: frozenset[float] | None) -> tuple[int, ...]:
    """`possible` of an objective with these values; empty where there are none, or too many."""
    if values is None or len(values) > _MOST_SNAPPED:
        return ()
    return tuple(sorted({round((value - low) / (high - low) * GRID) for value in values}))


def snapped(
    values: NDArray[np.int64], possible: tuple[int, ...], slack: float
) -> NDArray[np.int64]:
    """`values` (n,), those within `slack` of one of `possible`, rising and at least one, as that."""
    known = np.array(possible, dtype=np.int64)
    after = np.searchsorted(known, values).clip(0, len(known) - 1)
    before = (after - 1).clip(0)
    nearer = np.where(values - known[before] < known[after] - values, before, after)
    nearest = known[nearer]
    return np.where(np.abs(values - nearest) <= slack, nearest, values)
