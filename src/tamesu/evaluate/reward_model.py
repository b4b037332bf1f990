"""Reward models, cross-fitted: what is said of a round was learnt from other clusters' rounds.

Refuses to be a model: what fits one is an argument.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from tamesu.base import InvalidInput
from tamesu.evaluate.contrast import Shares
from tamesu.evaluate.rounds import Rounds

Floats: TypeAlias = NDArray[np.float64]

RewardModel: TypeAlias = Callable[[Rounds], Shares]
"""Rounds to learn from, to a function that gives expected rewards (m, K) of other rounds; reads `reward`."""


def folds_of(rounds: Rounds, folds: int) -> NDArray[np.intp]:
    """(n,) in which of so many folds each round is: those of a cluster in the same one, as if by lot.

    Raises:
        InvalidInput: fewer than two folds.
    """
    if folds < 2:  # noqa: PLR2004 - the other ones are learnt from
        raise InvalidInput(f"folds must be at least 2, got {folds}")
    lots = _lots(rounds.cluster)
    if len(np.unique(rounds.cluster[:: max(1, len(rounds) // MOST_LOOKED_AT)])) < FEW:
        # Of a few, lots might all fall into one fold: they are dealt in turns instead, in the order of lots.
        return np.unique(lots, return_inverse=True)[1] % folds
    return (lots % np.uint64(folds)).astype(np.intp)


MOST_LOOKED_AT = 10_000
"""Rounds, to see whether clusters are few."""

FEW = 200
"""Clusters below which folds are made about even."""


def _lots(cluster: NDArray[np.intp]) -> NDArray[np.uint64]:
    """(n,) Weyl's sequence: clusters that come in turns do not come into one fold in turns."""
    turned = (cluster.astype(np.uint64) + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
    turned ^= turned >> np.uint64(32)
    turned *= np.uint64(0xD6E8FEB86659FD93)
    return turned >> np.uint64(33)


def cross_fitted(rounds: Rounds, model: RewardModel, folds: int = 3) -> Floats:
    """(n, K) expected rewards; those of a fold by a model that learnt from the others.

    Raises:
        InvalidInput: folds of which one has no round, or the rest has none.
    """
    fold = folds_of(rounds, folds)
    predicted = np.empty((len(rounds), len(rounds.arms)))
    for number in range(folds):
        here = fold == number
        if here.any() and here.all():
            raise InvalidInput(
                f"a model needs rounds of several clusters to learn from, got {len(rounds)} of one"
            )
        predicted[here] = model(rounds.take(~here))(rounds.take(here))
    return predicted
