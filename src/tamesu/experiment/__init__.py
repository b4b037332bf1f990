"""How a bandit that runs is doing: its ranking, what it earns, how late rewards come, which positions are
looked at, what early events say of later ones.

Pure: rankings, moments and columns are arguments. Refuses to read anything, and to judge a bandit from a
handful of rows: it says how many there were.
"""

from tamesu.experiment.beside_uniform import Compared, Interval, compared, moments
from tamesu.experiment.calibration import TENTHS, Calibrated, calibrated
from tamesu.experiment.delay import AGES_US, ENOUGH, age_of, caught, suggested
from tamesu.experiment.followed import Followed
from tamesu.experiment.grown import grown
from tamesu.experiment.looked import Looked, looked
from tamesu.experiment.ranking import leading
from tamesu.experiment.rate_of_change import SETTLED, changed, rates, top, turnovers
from tamesu.experiment.spans import NICE_US, STEPS, Spans, spans_of
from tamesu.experiment.surrogacy import Left, left_by_arm, left_by_time
from tamesu.experiment.surrogate import Fitted, fit, lacking

__all__ = [
    "AGES_US",
    "ENOUGH",
    "NICE_US",
    "SETTLED",
    "STEPS",
    "TENTHS",
    "Calibrated",
    "Compared",
    "Fitted",
    "Followed",
    "Interval",
    "Left",
    "Looked",
    "Spans",
    "age_of",
    "calibrated",
    "caught",
    "changed",
    "compared",
    "fit",
    "grown",
    "lacking",
    "leading",
    "left_by_arm",
    "left_by_time",
    "looked",
    "moments",
    "rates",
    "spans_of",
    "suggested",
    "top",
    "turnovers",
]
