"""`Correction`: what came too late for the join and changes an observation all the same.

Found by the closed-slice job from the archive, kept in the store, learnt by the trainer: exactly once
by (decision id, position, correction). Refuses to be changed once it is kept.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from tamesu.base.observation import Observation
from tamesu.base.times import Time

VERSION = 1


class Correction(msgspec.Struct, frozen=True, kw_only=True):
    """One late change of one delivery.

    Attributes:
        bandit, declaration: whose observation it corrects.
        observation: the corrected row, `correction` at least 1.
        accepted: when the newest event behind it was received.
        moved: what it changes of the bandit's counts, such as `{"events_late": -1}`.
        found: when the job found it.
        read: per partition the offset up to which the log had been learnt from when the trainer
            took it; none while it waits. A replay takes it after what these entries made final.
        snapshot: the newest version of the bandit after the commit that took it, 0 while it waits:
            of what happened at the same offsets, commands with an older one came before it.
    """

    bandit: str
    declaration: int
    observation: Observation
    accepted: Time
    moved: Mapping[str, int]
    found: Time
    read: tuple[int, ...] | None = None
    snapshot: int = 0
    v: int = VERSION

    @property
    def key(self) -> tuple[str, int, int]:
        """What it is known by: decision id, position, correction."""
        row = self.observation
        return row.decision_id, row.position, row.correction
