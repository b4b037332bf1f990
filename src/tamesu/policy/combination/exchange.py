"""Two options at once: the way on from where no single one helps.

Refuses to look further: three at once are as many times more as there are options.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tamesu.policy.combination.search import Ends, Weights
from tamesu.policy.combination.space import Rows

MOST = 1 << 18
"""Pairs of options, over all draws: with 64 of these a millisecond or two; where there are more, none is tried."""


def exchanged(
    weights: Weights,
    slot_of: Rows,
    allowed: NDArray[np.bool_],
    clash: NDArray[np.bool_] | None,
    ends: Ends,
) -> Rows:
    """(m, k) combinations of m draws, on from the best `ends` of climbs, where no change of one slot or two gains.

    Of a and b in place of x and y the gain is h_a - h_x + h_b - h_y + v_ab - v_ay - v_xb + v_xy, with the field
    h_o = w_o + sum of v over what is chosen. The pair is changed that gains most, until none gains: O(o^2) a step
    for each draw.

    Args:
        weights: of m draws.
        slot_of: (o,) the slot of each option, rising.
        allowed: (o,) options that may be chosen.
        clash: (o, o) pairs that cannot be combined; none where all can.
        ends: of m draws, by the same weights.
    """
    pair, (m, o) = weights.pair, weights.option.shape
    if pair is None or m * o * o > MOST:
        return ends.best()
    chosen, least = ends.best(), ends.least
    live: Rows = np.arange(m, dtype=np.intp)
    option, sizes = np.where(allowed, weights.option, -np.inf), np.bincount(slot_of)
    apart = np.where(slot_of[:, None] == slot_of, -np.inf, 0.0)
    while live.size:
        now, v = chosen[live], pair if len(live) == m else pair[live]
        beside = np.take_along_axis(
            v, now[:, None, :], axis=2
        )  # (l, o, k) of each with what is chosen
        field = option[live] + beside.sum(axis=2)
        held = np.take_along_axis(beside, now[:, :, None], axis=1)  # (l, k, k)
        gain = field - np.repeat(np.take_along_axis(field, now, axis=1), sizes, axis=1)
        half = gain[:, :, None] - beside + 0.5 * np.repeat(held, sizes, axis=1)
        half = np.repeat(half, sizes, axis=2)
        gains = half + half.transpose(0, 2, 1)
        gains += v
        gains += apart
        if clash is not None:
            gains[_clashing(clash, slot_of, now)] = -np.inf
        flat = gains.reshape(len(live), -1)
        best = flat.argmax(axis=1)
        rises = flat[np.arange(len(best)), best] > least[live]
        live, best = live[rises], best[rises]
        for new in np.divmod(best, o):
            chosen[live, slot_of[new]] = new
    return chosen


def _clashing(clash: NDArray[np.bool_], slot_of: Rows, now: Rows) -> NDArray[np.bool_]:
    """(l, o, o) pairs that clash with each other, or with what is left of `now` (l, k) beside them."""
    beside = clash[:, now].transpose(1, 0, 2).astype(np.intp)  # (l, o, k)
    rest = (beside.sum(axis=2)[:, :, None] - beside)[:, :, slot_of] > 0
    clashing: NDArray[np.bool_] = clash | rest | rest.transpose(0, 2, 1)
    return clashing
