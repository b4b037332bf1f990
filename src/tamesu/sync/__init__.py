"""Sync: a bandit's arms made those of a source, on demand and by a schedule.

What is learnt stays: arms are added, changed, retired and revived by one command. Refuses half of a
set, a set that would retire most arms unprompted, and to apply anything itself: the trainer does.
"""

from tamesu.sync.difference import LIMIT, Difference, Standing
from tamesu.sync.syncing import Synced, Target, bring

__all__ = [
    "LIMIT",
    "Difference",
    "Standing",
    "Synced",
    "Target",
    "bring",
]
