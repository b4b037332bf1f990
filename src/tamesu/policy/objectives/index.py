"""What objectives come to as one number, however a declaration makes it. Refuses to learn from it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tamesu.base.aims import Aims
from tamesu.policy.objectives.gini import welfare
from tamesu.policy.objectives.mixture import best_mixtures

Floats = NDArray[np.float64]


def index_of(aims: Aims, scaled: Floats) -> Floats:
    """(...) of objectives (..., D), each where it lies in its range: by shares, or by rank.

    Weights by rank add up to 1 here, so that an index lies in [0, 1] where the objectives do.
    """
    if not aims.are_apart:
        summed: Floats = scaled @ np.array(aims.shares)
        return summed
    weights = np.array(aims.weights)
    return welfare(scaled, weights / weights.sum())


def best_of(aims: Aims, scaled: Floats) -> Floats:
    """(n,) the mixture of n arms, worth (n, D), whose index is the greatest; equal arms share it."""
    if aims.are_apart:
        mixture: Floats = best_mixtures(scaled[None], np.array(aims.weights))[0]
        return mixture
    worth = index_of(aims, scaled)
    first = (worth == worth.max()).astype(np.float64)
    shared: Floats = first / first.sum()
    return shared
