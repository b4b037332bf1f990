"""Intervals: between which values the truth lies, with a confidence that is shown by simulation.

Each is one file: a function of a `Statistic`, of clusters, and of what it asks for besides. Refuses to
know which estimator it is.
"""

from tamesu.evaluate.intervals.bernstein import bernstein
from tamesu.evaluate.intervals.betting import betting
from tamesu.evaluate.intervals.bootstrap import bootstrap
from tamesu.evaluate.intervals.bounds import Bounds
from tamesu.evaluate.intervals.by_name import INTERVALS, interval_of
from tamesu.evaluate.intervals.interval import Interval
from tamesu.evaluate.intervals.normal import normal
from tamesu.evaluate.intervals.sequence import Sequence, sequence, steps_of

__all__ = [
    "INTERVALS",
    "Bounds",
    "Interval",
    "Sequence",
    "bernstein",
    "betting",
    "bootstrap",
    "interval_of",
    "normal",
    "sequence",
    "steps_of",
]
