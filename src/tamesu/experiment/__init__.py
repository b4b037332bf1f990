"""How a bandit that runs is doing: how fast its ranking moves, and what it earns beside uniform choice.

Pure: rankings, moments and columns are arguments. Refuses to read anything, and to judge a bandit from a
handful of rows: it says how many there were.
"""

from tamesu.experiment.ranking import leading
from tamesu.experiment.rate_of_change import SETTLED, changed, rates, top, turnovers
from tamesu.experiment.spans import NICE_US, STEPS, Spans, spans_of

__all__ = [
    "NICE_US",
    "SETTLED",
    "STEPS",
    "Spans",
    "changed",
    "leading",
    "rates",
    "spans_of",
    "top",
    "turnovers",
]
