"""What a model is told of a round besides its arm. Refuses to know any model."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from tamesu.evaluate.rounds import Rounds

Floats: TypeAlias = NDArray[np.float64]


def known(rounds: Rounds, positions: int) -> Floats:
    """(n, d + positions) columns of the context, and one of each position where there are several."""
    if positions == 1:
        return rounds.context
    places = (rounds.position[:, None] == np.arange(positions)).astype(np.float64)
    return np.concatenate([rounds.context, places], axis=1)


def positions_of(rounds: Rounds) -> int:
    """How many there are."""
    return int(rounds.position.max(initial=0)) + 1


def deviations(columns: Floats) -> Floats:
    """(d,) standard deviations; of constants, whose deviation rounding makes other than 0, how large they are, at least 1."""
    scale = np.ones(columns.shape[1])
    if len(columns):
        least, deviation = columns.min(axis=0), columns.std(axis=0)
        varies = (columns.max(axis=0) > least) & (deviation > 0.0)
        scale[:] = np.where(varies, deviation, np.maximum(np.abs(least), 1.0))
    return scale
