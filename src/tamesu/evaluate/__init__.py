"""Judges policies that never ran, out of the rounds of one that did.

Pure: rounds, a target policy's probabilities and uniforms are arguments. Refuses to read a log, to learn a
policy, and to give a number without saying how far it can be trusted.
"""

from tamesu.evaluate.asking import Asking, Frozen, refuse_strangers
from tamesu.evaluate.assembled import logged
from tamesu.evaluate.called import Called, Function
from tamesu.evaluate.concluding import Estimate, Evaluation
from tamesu.evaluate.contrast import Contrast, Shares, contrast_of
from tamesu.evaluate.contributions import Contributions, Quotient, Statistic, Sum, value
from tamesu.evaluate.diagnostics import Diagnostics, diagnostics_of
from tamesu.evaluate.estimands import Estimand
from tamesu.evaluate.evaluation import evaluated, wants_logging
from tamesu.evaluate.intervals import INTERVALS, Bounds, Interval, normal
from tamesu.evaluate.kinds import Estimator, estimator_of, known_estimators
from tamesu.evaluate.latest import Cut, Deliveries, Latest, with_rewards
from tamesu.evaluate.logged import Logged
from tamesu.evaluate.models import per_arm, ridge
from tamesu.evaluate.pieced import Pieced, refuse_gone
from tamesu.evaluate.placements import Below, Runs
from tamesu.evaluate.rerun import Again
from tamesu.evaluate.reward_model import RewardModel, cross_fitted, folds_of
from tamesu.evaluate.rounds import Rounds
from tamesu.evaluate.slate_contrast import SlateContrast, SlateShares, slate_contrast_of
from tamesu.evaluate.slate_evaluation import evaluated_slates
from tamesu.evaluate.slate_kinds import (
    SlateEstimator,
    known_slate_estimators,
    slate_estimator_of,
)
from tamesu.evaluate.slates import Slates
from tamesu.evaluate.tabled import Piece, Tabled, table_of
from tamesu.evaluate.unknowing import Evenly, always
from tamesu.evaluate.verdict import LIMITS, Reason, Trust, Verdict, made_again

__all__ = [
    "INTERVALS",
    "LIMITS",
    "Again",
    "Asking",
    "Below",
    "Bounds",
    "Called",
    "Contrast",
    "Contributions",
    "Cut",
    "Deliveries",
    "Diagnostics",
    "Estimand",
    "Estimate",
    "Estimator",
    "Evaluation",
    "Evenly",
    "Frozen",
    "Function",
    "Interval",
    "Latest",
    "Logged",
    "Piece",
    "Pieced",
    "Quotient",
    "Reason",
    "RewardModel",
    "Rounds",
    "Runs",
    "Shares",
    "SlateContrast",
    "SlateEstimator",
    "SlateShares",
    "Slates",
    "Statistic",
    "Sum",
    "Tabled",
    "Trust",
    "Verdict",
    "always",
    "contrast_of",
    "cross_fitted",
    "diagnostics_of",
    "estimator_of",
    "evaluated",
    "evaluated_slates",
    "folds_of",
    "known_estimators",
    "known_slate_estimators",
    "logged",
    "made_again",
    "normal",
    "per_arm",
    "refuse_gone",
    "refuse_strangers",
    "ridge",
    "slate_contrast_of",
    "slate_estimator_of",
    "table_of",
    "value",
    "wants_logging",
    "with_rewards",
]
