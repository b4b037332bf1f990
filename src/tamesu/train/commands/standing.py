"""`Standing`: all that a command may change of a bandit.

Refuses to change itself: whatever changes it gives another.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import msgspec

from tamesu.base import Roster, Time
from tamesu.policy import Policy
from tamesu.train.lesson import Learnt


@dataclass(frozen=True)
class Standing:
    """A bandit as its trainer knows it.

    Attributes:
        policy: of its declaration.
        learnt: its state and the snapshot that says so.
        roster: the roster that the snapshot names.
    """

    policy: Policy
    learnt: Learnt
    roster: Roster

    def numbered(self, before: Standing, now: Time, watermark: Time) -> Standing:
        """This as the snapshot after `before`, made at `now`, and the roster after its roster.

        However many commands lie between the two, they are one snapshot and one roster. It answers
        no question about freshness: it added no observation.

        Args:
            before: what the last commit left.
            now: the time.
            watermark: the log's time, for a bandit that had no snapshot.
        """
        old = before.learnt.snapshot
        roster = self.roster
        if roster is not before.roster:
            roster = msgspec.structs.replace(roster, number=before.roster.number + 1)
        snapshot = msgspec.structs.replace(
            self.learnt.snapshot,
            version=old.version + 1,
            roster=roster.number,
            created=now,
            watermark=old.watermark if old.version else watermark,
            ready=None,
            accepted=None,
        )
        return replace(self, learnt=self.learnt._replace(snapshot=snapshot), roster=roster)
