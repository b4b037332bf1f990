"""Which deliveries were looked at: above the click of a cascade, or so often by position (`Examination`).

Refuses to know how likely it is that a position is looked at: that is declared.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tamesu.base import InvalidDeclaration, InvalidInput
from tamesu.policy.contract import Batch
from tamesu.policy.uniforms import Uniforms

_KEY = b"examined"
_FIRST = 10_000
"""Counters from here on are coins; those below belong to positions."""


class Examination:
    """Position i is looked at with probability v_i, wherever a click says that it was.

    A click at i teaches in full; a delivery without one is learnt from with probability v_i, by a coin
    that its decision's id and its position toss: the same whenever it is learnt, taken back or learnt again. So
    evidence adds up as ever, and of an arm with the rate w the belief sees w / (1 + w (1 - v_i)): the rate of those
    who looked but for w (1 - v_i) of it, which is little where rates are, and with which any order of arms stays.

    Weights between 0 and 1 would tell as much: what is known of a rate lies in its clicks, and those are all here.

    Source: Craswell et al. 2008 (the examination hypothesis); Lagree, Vernade & Cappe 2016 (what it does
    to bandits). Theirs divides clicks by summed v_i, which can come to more clicks than looks.

    Args:
        weights: v_i by position, in (0, 1].
        default: in whole 1 / GRID; a reward above it is a click.
    """

    def __init__(self, weights: Sequence[float], default: int) -> None:
        self._weights = np.array(weights, dtype=np.float64)
        self._default = default

    def learnt(self, batch: Batch) -> Batch:
        """Those rows of `batch` that are learnt from; a position beyond the last counts as the last.

        Raises:
            InvalidInput: rows without the ids of their decisions.
        """
        last = len(self._weights) - 1
        chance = self._weights[np.minimum(batch.position, last)]
        open_ = np.flatnonzero((batch.reward <= self._default) & (chance < 1.0))
        if not len(open_):
            return batch
        if batch.decision_id is None:
            raise InvalidInput(
                "with layout.examination only decisions can be learnt, got rows without any",
                hint="leave examination out to learn rows of a foreign log",
            )
        kept = np.ones(len(batch), dtype=np.bool_)
        kept[open_] = _coins(batch.decision_id[open_], batch.position[open_]) < chance[open_]
        return batch.take(kept)


def until_click(rewards: NDArray[np.float64], default: float) -> NDArray[np.float64]:
    """`rewards` (n, k) of n cascades, NaN below the first of each that is worth more than `default`."""
    clicked = rewards > default
    below = np.cumsum(clicked, axis=1) - clicked > 0
    return np.where(below, np.nan, rewards)


def check(weights: Sequence[float], size: int) -> None:
    """Raises `InvalidDeclaration` unless `weights` are `size` probabilities above 0."""
    if len(weights) != size or not all(0.0 < weight <= 1.0 for weight in weights):
        raise InvalidDeclaration(
            f"layout.examination must be {size} numbers in (0, 1], one for each position, "
            f"got {list(weights)!r}",
            hint="for example  examination: [1, 0.6, 0.4]",
        )


def _coins(ids: NDArray[np.object_], positions: NDArray[np.int64]) -> NDArray[np.float64]:
    """(n,) a uniform of each delivery, independent of those that chose it."""
    listed = zip(ids.tolist(), positions.tolist(), strict=True)
    return np.array([Uniforms(_KEY, one)(_FIRST + position) for one, position in listed])
