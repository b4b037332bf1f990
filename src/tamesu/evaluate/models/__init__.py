"""Reward models that take no more than NumPy: what is expected of each arm, learnt from rounds.

Each is one file and gives a `RewardModel`. Refuses to learn from the rounds it is asked about: that is
`tamesu.evaluate.cross_fitted`.
"""

from tamesu.evaluate.models.best import best_of
from tamesu.evaluate.models.per_arm import per_arm
from tamesu.evaluate.models.ridge import ridge

__all__ = ["best_of", "per_arm", "ridge"]
