"""Training: observations become evidence, evidence is absorbed into a state, a state is numbered.

Commands change a bandit at the same place, between two snapshots.

Pure functions over `tamesu.policy`. Refuses to join, to store and to know what time it is.
"""

from tamesu.train.commands import (
    KINDS,
    CommandKind,
    Deferral,
    Moment,
    Obeyed,
    Past,
    Rollback,
    Standing,
    first_number,
    keeps_state,
    obey,
    warms_up,
)
from tamesu.train.keeping import Why, keeping
from tamesu.train.learn import learn, saturated, teaches
from tamesu.train.lesson import Learnt, marked, prior, teach
from tamesu.train.observe import observe, unlearnt
from tamesu.train.pending import Pending
from tamesu.train.restating import comparable, told_by
from tamesu.train.sums import added, is_counted, state_of, sums
from tamesu.train.warm_up import WarmUp

__all__ = [
    "KINDS",
    "CommandKind",
    "Deferral",
    "Learnt",
    "Moment",
    "Obeyed",
    "Past",
    "Pending",
    "Rollback",
    "Standing",
    "WarmUp",
    "Why",
    "added",
    "comparable",
    "first_number",
    "is_counted",
    "keeping",
    "keeps_state",
    "learn",
    "marked",
    "obey",
    "observe",
    "prior",
    "saturated",
    "state_of",
    "sums",
    "teach",
    "teaches",
    "told_by",
    "unlearnt",
    "warms_up",
]
