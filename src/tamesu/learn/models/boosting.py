"""Boosted trees of rewards on contexts, positions, arms and what these tell of themselves."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from tamesu.base import InvalidInput, MissingExtra
from tamesu.evaluate import RewardModel, Rounds, Shares, per_arm
from tamesu.evaluate.models.inputs import known, positions_of
from tamesu.learn.models.scale import scale_of

Floats: TypeAlias = NDArray[np.float64]

MOST_ARMS = 255
"""That trees can tell apart as such; of more, each is known by its mean reward."""


def boosting(
    trees: int = 100, rate: float = 0.1, leaves: int = 15, at_least: int = 20
) -> RewardModel:
    """A model that is a sum of small trees, each fitted to what those before it left.

    Of rewards that are one of two numbers it learns how likely the greater one is, of others their mean. No luck is in
    it, and one thread: the same rounds give the same model. O(n p trees).

    Choose it where what an arm is worth bends and jumps with the context, and there are some thousand rounds or more.

    Args:
        trees: how many.
        rate: share of each that counts; above 0, at most 1.
        leaves: of a tree at most.
        at_least: rounds of a leaf.

    Raises:
        InvalidInput: a number that cannot be.
        MissingExtra: without scikit-learn.
    """
    if trees < 1 or leaves < 2 or at_least < 1 or not 0.0 < rate <= 1.0:  # noqa: PLR2004 - no tree
        raise InvalidInput(
            "boosting must have at least 1 tree of 2 leaves of 1 round, at a rate above 0 and at most 1, "
            f"got {trees} of {leaves} of {at_least} at {rate:g}"
        )
    try:
        import threadpoolctl  # noqa: PLC0415 - comes with the next
        from sklearn import ensemble  # noqa: PLC0415 - an extra
    except ModuleNotFoundError as error:
        raise MissingExtra.of("a reward model of boosted trees", "evaluate") from error

    def alone() -> Any:
        """One thread: sums in one order, and no threads that wait for others of a machine that is busy."""
        return threadpoolctl.threadpool_limits(1, user_api="openmp")

    def fitted(learnt: Rounds) -> Shares:
        k, positions, scale = len(learnt.arms), positions_of(learnt), scale_of(learnt.reward)
        if scale.is_flat:
            return lambda asked: np.full((len(asked), k), scale.low)
        as_such = k <= MOST_ARMS
        means = np.arange(k) if as_such else per_arm()(learnt)(learnt.take(slice(0, 1)))[0]
        arms = np.concatenate([means[:, None], learnt.features], axis=1, dtype=np.float64)
        columns = np.concatenate([arms[learnt.chosen], known(learnt, positions)], axis=1)
        classifier, regressor = (
            ensemble.HistGradientBoostingClassifier,
            ensemble.HistGradientBoostingRegressor,
        )
        model = (classifier if scale.ends else regressor)(
            max_iter=trees,
            learning_rate=rate,
            max_leaf_nodes=leaves,
            min_samples_leaf=at_least,
            early_stopping=False,
            categorical_features=[0] if as_such and k > 1 else None,
            random_state=0,
        )
        with alone():
            model.fit(columns, learnt.reward == scale.high if scale.ends else learnt.reward)

        def predicted(asked: Rounds) -> Floats:
            context = known(asked, positions)
            guess = np.empty((len(asked), k))
            with alone():
                for arm, says in enumerate(arms):
                    rows = np.concatenate([np.tile(says, (len(asked), 1)), context], axis=1)
                    guess[:, arm] = (
                        scale.rewards(model.predict_proba(rows)[:, 1])
                        if scale.ends
                        else model.predict(rows)
                    )
            return guess

        return predicted

    return fitted
