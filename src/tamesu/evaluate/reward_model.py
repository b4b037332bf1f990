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
from tamesu.evaluate.lot import grouped, in_turn
from tamesu.evaluate.rounds import Rounds

Floats: TypeAlias = NDArray[np.float64]

RewardModel: TypeAlias = Callable[[Rounds], Shares]
"""Rounds to learn from, to a function that gives expected rewards (m, K) of other rounds; reads `reward`."""


def folds_of(rounds: Rounds, folds: int) -> NDArray[np.intp]:
    """(n,) in which of so many folds each round is: those of a cluster in the same one, as if by lot.

    Where clusters are few it depends on all of them: of a part of the rounds, folds may be others.

    Raises:
        InvalidInput: fewer than two folds.
    """
    if folds < 2:  # noqa: PLR2004 - the other ones are learnt from
        raise InvalidInput(f"folds must be at least 2, got {folds}")
    if len(np.unique(rounds.cluster[:: max(1, len(rounds) // MOST_LOOKED_AT)])) < FEW:
        # Of a few, lots might all fall into one fold: they are dealt in turns instead, in the order of lots.
        return in_turn(rounds.cluster) % folds
    return grouped(rounds.cluster, folds)


MOST_LOOKED_AT = 10_000
"""Rounds, to see whether clusters are few."""

FEW = 200
"""Clusters below which folds are made about even."""


def crossed(rounds: Rounds, model: RewardModel, folds: int) -> Shares:
    """Gives expected rewards (m, K) of some of these rounds, by models that learnt from other clusters' rounds.

    Raises:
        InvalidInput: rounds of one cluster, fewer than two folds, or a model that is none.
    """
    asked = crossed_if_it_learns(rounds, model, folds)
    if asked is None:
        raise InvalidInput("a reward model must give a function of other rounds, got rewards")
    return asked


def crossed_if_it_learns(rounds: Rounds, given: RewardModel | Shares, folds: int) -> Shares | None:
    """As `crossed`; none for what gives rewards where it is handed rounds to learn from: that is no model."""
    fold = folds_of(rounds, folds)
    of_cluster = np.zeros(int(rounds.cluster.max(initial=0)) + 1, np.intp)
    of_cluster[rounds.cluster] = fold
    fitted: list[Shares] = []
    for number in range(folds):
        elsewhere = rounds.take(fold != number)
        if not len(elsewhere):
            raise InvalidInput(
                "a model needs rounds of several clusters to learn from, got one",
                hint="all of a unit are one cluster; take estimators without a model, such as snips",
            )
        learnt = given(elsewhere)
        if not callable(learnt):
            return None
        fitted.append(learnt)

    def asked(part: Rounds) -> Floats:
        guess = np.empty((len(part), len(part.arms)))
        # Of a cluster that is beyond them all nobody has learnt.
        mine = of_cluster[np.minimum(part.cluster, len(of_cluster) - 1)]
        for number, one in enumerate(fitted):
            here = mine == number
            if here.any():
                guess[here] = one(part.take(here))
        return guess

    return asked


def cross_fitted(rounds: Rounds, model: RewardModel, folds: int = 3) -> Floats:
    """(n, K) expected rewards of these rounds; see `crossed`."""
    return crossed(rounds, model, folds)(rounds)
