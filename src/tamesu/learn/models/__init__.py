"""Reward models by scikit-learn (extra `evaluate`), each a `RewardModel` as those of `tamesu.evaluate.models` are.

It is loaded by whoever asks a model to learn. Refuses to learn from the rounds it is asked about: that is
`tamesu.evaluate.cross_fitted`.
"""

from tamesu.learn.models.boosting import boosting
from tamesu.learn.models.logistic import logistic
from tamesu.learn.models.regressor import by_regressor

__all__ = ["boosting", "by_regressor", "logistic"]
