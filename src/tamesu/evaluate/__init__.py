"""Judges policies that never ran, out of the rounds of one that did.

Pure: rounds, a target policy's probabilities and uniforms are arguments. Refuses to read a log, to learn a
policy, and to give a number without saying how far it can be trusted.
"""

from tamesu.evaluate.contrast import Contrast, Shares, contrast_of
from tamesu.evaluate.contributions import Contributions, Quotient, Statistic, value
from tamesu.evaluate.intervals.normal import Interval, normal
from tamesu.evaluate.kinds import Estimator, estimator_of, known_estimators
from tamesu.evaluate.reward_model import RewardModel, cross_fitted, folds_of
from tamesu.evaluate.rounds import Rounds

__all__ = [
    "Contrast",
    "Contributions",
    "Estimator",
    "Interval",
    "Quotient",
    "RewardModel",
    "Rounds",
    "Shares",
    "Statistic",
    "contrast_of",
    "cross_fitted",
    "estimator_of",
    "folds_of",
    "known_estimators",
    "normal",
    "value",
]
