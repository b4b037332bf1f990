"""Training: observations become evidence, evidence is absorbed into a state, a state is numbered.

Commands change a bandit at the same place, between two snapshots.

Pure functions over `tamesu.policy`. Refuses to join, to store and to know what time it is.
"""

from tamesu.train.commands import KINDS, CommandKind, Standing, obey
from tamesu.train.keeping import Why, keeping
from tamesu.train.learn import learn
from tamesu.train.lesson import Learnt, prior, teach
from tamesu.train.pending import Pending

__all__ = [
    "KINDS",
    "CommandKind",
    "Learnt",
    "Pending",
    "Standing",
    "Why",
    "keeping",
    "learn",
    "obey",
    "prior",
    "teach",
]
