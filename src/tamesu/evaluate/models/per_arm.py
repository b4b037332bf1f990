"""The mean reward of each arm, and of an arm of which little is known that of all."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from tamesu.base import InvalidInput
from tamesu.evaluate.contrast import Shares
from tamesu.evaluate.reward_model import RewardModel
from tamesu.evaluate.rounds import Rounds

Floats: TypeAlias = NDArray[np.float64]


def per_arm(weight: float = 10.0) -> RewardModel:
    """A model that expects (rewards of the arm + `weight` mean of all) / (rounds of the arm + `weight`), in any context.

    Example:
        >>> learnt = Rounds.of(["a", "a", "b"], [1.0, 1.0, 0.0], [0.5, 0.5, 0.5])
        >>> per_arm(weight=1.0)(learnt)(learnt.take(slice(0, 1))).round(3)
        array([[0.889, 0.333]])

    Args:
        weight: how many rounds of the arm the mean of all weighs; at least 0. With 0 an arm without a round
            is expected to earn the mean of all.

    Raises:
        InvalidInput: a weight that cannot be.
    """
    if not 0.0 <= weight < np.inf:
        raise InvalidInput(f"weight must be finite and at least 0, got {weight:g}")

    def fitted(learnt: Rounds) -> Shares:
        k = len(learnt.arms)
        rounds, rewards = (np.bincount(learnt.chosen, by, k) for by in (None, learnt.reward))
        mean = float(learnt.reward.mean()) if len(learnt) else 0.0
        under = rounds + weight
        expected = np.where(under > 0, (rewards + weight * mean) / np.maximum(under, 1e-300), mean)

        def predicted(asked: Rounds) -> Floats:
            return np.broadcast_to(expected, (len(asked), k))

        return predicted

    return fitted
