"""Any regressor or classifier that speaks as scikit-learn's do, as a reward model."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from tamesu.base import InvalidInput
from tamesu.evaluate import RewardModel, Rounds, Shares
from tamesu.evaluate.models.inputs import known, positions_of
from tamesu.learn.models.scale import scale_of

Floats: TypeAlias = NDArray[np.float64]


def by_regressor(make: Callable[[], Any]) -> RewardModel:
    """A model of (context, position, one column for each arm, what the arm tells), fitted by what `make` makes.

    What has `predict_proba` is a classifier: it learns whether a reward is the greater one of two, and says how likely
    that is. Needs no package but that of the regressor.

    Args:
        make: gives one that has not learnt yet, with `fit(X, y)`, and `predict_proba(X)` or `predict(X)`; anew for each
            part of a log.

    Raises:
        InvalidInput: a classifier, where rewards are more than two numbers; when it is to learn.

    Example:
        >>> class Mean:
        ...     def fit(self, columns, rewards):
        ...         self.mean = rewards.mean()
        ...
        ...     def predict(self, columns):
        ...         return [self.mean] * len(columns)
        >>> learnt = Rounds.of(["a", "b"], [1.0, 0.0], [0.5, 0.5])
        >>> by_regressor(Mean)(learnt)(learnt).tolist()
        [[0.5, 0.5], [0.5, 0.5]]
    """

    def fitted(learnt: Rounds) -> Shares:
        k, positions, scale = len(learnt.arms), positions_of(learnt), scale_of(learnt.reward)
        if scale.is_flat:
            return lambda asked: np.full((len(asked), k), scale.low)
        model = make()
        classifies = hasattr(model, "predict_proba")
        if classifies and not scale.ends:
            raise InvalidInput(
                "a classifier must have rewards of two values, got more",
                hint="take a regressor",
            )
        arms = np.concatenate([np.eye(k), learnt.features], axis=1)
        columns = np.concatenate([known(learnt, positions), arms[learnt.chosen]], axis=1)
        model.fit(columns, learnt.reward == scale.high if classifies else learnt.reward)

        def predicted(asked: Rounds) -> Floats:
            context = known(asked, positions)
            guess = np.empty((len(asked), k))
            for arm, says in enumerate(arms):
                rows = np.concatenate([context, np.tile(says, (len(asked), 1))], axis=1)
                guess[:, arm] = (
                    scale.rewards(np.asarray(model.predict_proba(rows))[:, 1])
                    if classifies
                    else model.predict(rows)
                )
            return guess

        return predicted

    return fitted
