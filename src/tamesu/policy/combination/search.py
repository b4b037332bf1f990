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
        starts: (s, k) combinations without a clash, of allowed options; or (m, s, k), for each draw.

    Source: greedy coordinate search with restarts: Hill, Nassif, Liu, Iyer & Vishwanathan 2017, section
    4.2; they visit slots in random order and take the best option of each, here the best change of all.
    """
    m = len(weights.option)
    s, k = starts.shape[-2:]
    draw = np.repeat(np.arange(m), s)
    chosen = np.broadcast_to(starts, (m, s, k)).reshape(-1, k).copy()
    least = LEAST * _largest(weights)
    option = np.where(allowed, weights.option, -np.inf)
    _climb(weights._replace(option=option), slot_of, clash, draw, chosen, least)
    worth = worth_of(weights, draw, chosen).reshape(m, s)
    return Ends(chosen.reshape(m, s, k), worth, least)


def _largest(weights: Weights) -> Floats:
    """(m,) what combinations are worth at most, roughly: the unit of rounding."""
    largest: Floats = np.abs(weights.option).max(axis=1)
    if weights.pair is not None:
        largest = np.maximum(largest, np.abs(weights.pair).max(axis=(1, 2)))
    return largest


def worth_of(weights: Weights, draw: Rows, chosen: Rows) -> Floats:
    """(c,) what the combinations `chosen` (c, k) are worth in the draws `draw` (c,)."""
    worth: Floats = np.take_along_axis(weights.option[draw], chosen, 1).sum(axis=1)
    if weights.pair is not None:
        for slot in range(1, chosen.shape[1]):
            pairs = weights.pair[draw[:, None], chosen[:, slot, None], chosen[:, :slot]]
            worth = worth + pairs.sum(axis=1)
    return worth


def _climb(  # noqa: PLR0913, PLR0917 - one loop, all of whose arrays are its arguments
    weights: Weights,
    slot_of: Rows,
    clash: NDArray[np.bool_] | None,
    draw: Rows,
    chosen: Rows,
    least: Floats,
) -> None:
    """Moves `chosen` (c, k) to the ends of their climbs, in place."""
    option, pair = weights
    field = option[draw]
    if pair is not None:
        field = field + pair[draw[:, None], chosen].sum(axis=1)
    clashes = None if clash is None else clash[chosen].sum(axis=1)
    live = np.arange(len(chosen))
    while live.size:
        gain = field - np.take_along_axis(field, chosen[live], 1)[:, slot_of]
        if clashes is not None:
            gain[clashes > 0] = -np.inf
        best = gain.argmax(axis=1)
        rises = gain[np.arange(len(best)), best] > least[draw[live]]
        live, best, field = live[rises], best[rises], field[rises]
        slot = slot_of[best]
        old = chosen[live, slot]
        if pair is not None:
            field += pair[draw[live], best] - pair[draw[live], old]
        if clashes is not None and clash is not None:
            clashes = clashes[rises] + clash[best].astype(np.intp) - clash[old]
        chosen[live, slot] = best
