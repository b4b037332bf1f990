"""Sync: a bandit's arms made those of a source, on demand and by a schedule.

What is learnt stays: arms are added, changed, retired and revived by one command. Refuses half of a
set, a set that would retire most arms unprompted, and to apply anything itself: the trainer does.
"""

from tamesu.sync.attempts import Attempt, Attempts
from tamesu.sync.difference import LIMIT, Difference, Standing
from tamesu.sync.rounds import Rounds, is_due
from tamesu.sync.schedule import Scheduled
from tamesu.sync.stored import Stored
from tamesu.sync.syncing import Synced, Target, bring

__all__ = [
    "LIMIT",
    "Attempt",
    "Attempts",
    "Difference",
    "Rounds",
    "Scheduled",
    "Standing",
    "Stored",
    "Synced",
    "Target",
    "bring",
    "is_due",
]
