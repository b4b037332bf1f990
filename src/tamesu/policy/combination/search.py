"""The best combination by its weights: steepest ascent, one option at a time, from several starts.

Refuses to promise the optimum, which takes exponential time in general: see `docs/math/combination.md`
for how near it comes.
"""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from tamesu.policy.combination.space import Rows

Floats: TypeAlias = NDArray[np.float64]

LEAST = 1e-12
"""A step must gain more, in units of the largest weight: what is less may be rounding."""


class Weights(NamedTuple):
    """What options and their pairs are worth, in m draws.

    Attributes:
        option: (m, o) of each option.
        pair: (m, o, o) of each pair, symmetric and 0 within a slot; none where pairs add nothing.
    """

    option: Floats
    pair: Floats | None


class Ends(NamedTuple):
    """Where m times s climbs ended.

    Attributes:
        chosen: (m, s, k) combinations.
        worth: (m, s) of each, in its draw.
        least: (m,) differences that may be rounding.
    """

    chosen: Rows
    worth: Floats
    least: Floats

    def best(self) -> Rows:
        """(m, k) the best of each draw; of several alike the first."""
        best: Rows = self.chosen[np.arange(len(self.worth)), self.worth.argmax(axis=1)]
        return best

    def ties(self, draw: int) -> Rows:
        """(t, k) the distinct combinations that are the best of one draw."""
        worth = self.worth[draw]
        return np.unique(self.chosen[draw][worth >= worth.max() - self.least[draw]], axis=0)


def ascended(
    weights: Weights,
    slot_of: Rows,
    allowed: NDArray[np.bool_],
    clash: NDArray[np.bool_] | None,
    starts: Rows,
) -> Ends:
    """Where the climbs of m draws end, each from s starts.

    The option is changed that gains most, until none gains. With o options and k slots a step costs
    O(o) for each climb, and k to 2 k steps lead to an end.

    Args:
        weights: of m draws.
        slot_of: (o,) the slot of each option, rising.
        allowed: (o,) options that may be chosen.
        clash: (o, o) pairs that cannot be combined; none where all can.
        starts: (s, k) combinations without a clash, of allowed options.

    Source: greedy coordinate search with restarts: Hill, Nassif, Liu, Iyer & Vishwanathan 2017, section
    4.2; they visit slots in random order and take the best option of each, here the best change of all.
    """
    (m, o), (s, k) = weights.option.shape, starts.shape
    option = np.repeat(np.where(allowed, weights.option, -np.inf), s, axis=0)
    field = option
    if weights.pair is not None:
        held = np.zeros((s, o))
        np.put_along_axis(held, starts, 1.0, axis=1)
        field = option + (held @ weights.pair).reshape(-1, o)
    least = LEAST * _largest(weights)
    each = np.arange(len(weights.option))
    climbs = _Climbs(field, np.repeat(each, s), np.tile(starts, (m, 1)))
    field = _climbed(climbs, weights.pair, slot_of, clash, np.repeat(least, s))
    # A pair stands in the fields of both its options.
    worth = 0.5 * (np.take_along_axis(option, climbs.chosen, 1) + field).sum(axis=1)
    return Ends(climbs.chosen.reshape(m, s, k), worth.reshape(m, s), least)


def _largest(weights: Weights) -> Floats:
    """(m,) what combinations are worth at most, roughly: the unit of rounding."""
    largest: Floats = np.abs(weights.option).max(axis=1)
    if weights.pair is not None:
        pair = np.maximum(weights.pair.max(axis=(1, 2)), -weights.pair.min(axis=(1, 2)))
        largest = np.maximum(largest, pair)
    return largest


class _Climbs(NamedTuple):
    """Climbs under way.

    Attributes:
        field: (c, o) what each option would be worth beside what is chosen in the other slots.
        draw: (c,) whose weights they climb by.
        chosen: (c, k) combinations, which are moved.
    """

    field: Floats
    draw: Rows
    chosen: Rows


def _climbed(
    climbs: _Climbs,
    pair: Floats | None,
    slot_of: Rows,
    clash: NDArray[np.bool_] | None,
    least: Floats,
) -> Floats:
    """(c, k) the field of what is chosen in the end; moves `chosen` there, in place."""
    field, draw, chosen = climbs
    ends = np.empty(chosen.shape)
    clashes = None if clash is None else clash[chosen].sum(axis=1)
    live, sizes, o = np.arange(len(chosen)), np.bincount(slot_of), len(slot_of)
    rows = None if pair is None else pair.reshape(-1, o)
    while live.size:
        now = np.take_along_axis(field, chosen[live], 1)
        gain = field - np.repeat(now, sizes, axis=1)
        if clashes is not None:
            gain[clashes > 0] = -np.inf
        best = gain.argmax(axis=1)
        rises = gain[np.arange(len(best)), best] > least[live]
        ends[live[~rises]] = now[~rises]
        if not rises.all():
            live, best, field = live[rises], best[rises], field[rises]
            clashes = None if clashes is None else clashes[rises]
        slot = slot_of[best]
        old = chosen[live, slot]
        if rows is not None:
            field += np.take(rows, draw[live] * o + best, axis=0)
            field -= np.take(rows, draw[live] * o + old, axis=0)
        if clashes is not None and clash is not None:
            clashes = clashes + clash[best].astype(np.intp) - clash[old]
        chosen[live, slot] = best
    return ends
