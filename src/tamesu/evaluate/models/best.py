"""The one of several models that tells best of rounds that it did not learn from."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tamesu.evaluate.contrast import Shares
from tamesu.evaluate.lot import evenly
from tamesu.evaluate.reward_model import RewardModel, folds_of
from tamesu.evaluate.rounds import Rounds

MOST_ROUNDS = 30_000
"""By which models are compared; of more rounds some are taken, evenly."""

FOLDS = 3

ELSEWHERE = 1_000_003
"""Added to the numbers of clusters, whose lot it changes."""


def best_of(*models: RewardModel) -> RewardModel:
    """The model with the least squared error of rewards in the folds that it was not fitted to, fitted to all rounds.

    The first one where there are too few clusters to hold any out. A model that is fitted to noise makes estimates
    noisier than none at all; which one that is depends on the log, so the log is asked.

    Example:
        >>> from tamesu.evaluate import Rounds, per_arm
        >>> learnt = Rounds.of(["a", "b"] * 50, [1.0, 0.0] * 50, [0.5] * 100)
        >>> best_of(per_arm(weight=1e6), per_arm(weight=1.0))(learnt)(learnt.take([0])).round(2)
        array([[0.99, 0.01]])
    """

    def fitted(learnt: Rounds) -> Shares:
        some = learnt.take(evenly(len(learnt), MOST_ROUNDS))
        # Whoever cross-fits this has left out one of its own folds: these must not be the same.
        fold = folds_of(replace(some, cluster=some.cluster + ELSEWHERE), FOLDS)
        held = [(some.take(fold != one), some.take(fold == one)) for one in range(FOLDS)]
        if len(models) == 1 or not all(len(rest) and len(out) for rest, out in held):
            return models[0](learnt)
        missed = [sum(_missed(model(rest), out) for rest, out in held) for model in models]
        return models[int(np.argmin(missed))](learnt)

    return fitted


def _missed(predicted: Shares, rounds: Rounds) -> float:
    """Sum of squares of what was earned beside what was expected."""
    guess: NDArray[Any] = predicted(rounds)[np.arange(len(rounds)), rounds.chosen]
    off = rounds.reward - guess
    return float(off @ off)
