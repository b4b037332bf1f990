"""`Standing`: all that a command may change of a bandit.

Refuses to change itself: whatever changes it gives another.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import msgspec

from tamesu.base import Declaration, InvalidInput, Roster, Snapshot, Status, Time
from tamesu.policy import Policy, State
from tamesu.train.lesson import Learnt, prior


class Moment(NamedTuple):
    """Where commands take effect.

    Attributes:
        now: the time.
        watermark: the log's time as far as it was learnt from, 0 before it had any.
        read: offsets up to which it was.
    """

    now: Time
    watermark: Time
    read: tuple[int, ...]

    @property
    def known(self) -> Time:
        """What a snapshot made then says that it knows up to."""
        return self.watermark or self.now


class Deferral(NamedTuple):
    """What a bandit that is frozen or rolled back has learnt aside.

    Attributes:
        state: what `resume` makes it serve.
        observations: how many are in it, in all.
    """

    state: State
    observations: int


@dataclass(frozen=True)
class Standing:
    """A bandit as its trainer knows it.

    Attributes:
        declaration: its newest; its number is the snapshot's.
        policy: of its declaration.
        learnt: its state and the snapshot that says so.
        roster: the roster that the snapshot names.
        deferred: what it has learnt aside; none while it learns, and once it is deleted.
        is_kept: whether the store has the roster; of a bandit that was made again after it was
            deleted, only once its first snapshot is made.
    """

    declaration: Declaration
    policy: Policy
    learnt: Learnt
    roster: Roster
    deferred: Deferral | None = None
    is_kept: bool = True

    @classmethod
    def begun(
        cls,
        declaration: Declaration,
        number: int,
        policy: Policy,
        created: Time,
        last: Snapshot | None = None,
    ) -> Standing:
        """A bandit that knows nothing yet.

        Args:
            declaration: as declared.
            number: of the declaration.
            policy: of the declaration.
            created: when it was declared.
            last: the newest snapshot of its name, where an older bandit of it was deleted: versions
                and rosters go on from there, nothing else does.
        """
        learnt = prior(declaration.name, number, policy, created)
        roster = Roster.of(declaration, created)
        if last is None:
            return cls(declaration, policy, learnt, roster)
        roster = msgspec.structs.replace(roster, number=last.roster + 1)
        opening = msgspec.structs.replace(
            learnt.snapshot, version=last.version, roster=roster.number
        )
        return cls(declaration, policy, Learnt(learnt.state, opening), roster, is_kept=False)

    @property
    def status(self) -> Status:
        """What it does with what it observes."""
        return self.learnt.snapshot.status

    @property
    def number(self) -> int:
        """Of its declaration."""
        return self.learnt.snapshot.declaration

    @property
    def told(self) -> dict[str, dict[str, Any]]:
        """What every arm that may have learnt anything tells of itself, the active ones first.

        Without those that were retired before the declaration asked for what it asks now.
        """
        told = self.roster.features
        for arm in self.roster.retired:
            with contextlib.suppress(InvalidInput):
                self.policy.encoder.arms([arm.features])
                told[arm.id] = arm.features
        return told

    def said(self, **changes: object) -> Standing:
        """This with its snapshot changed so, not yet numbered."""
        snapshot = msgspec.structs.replace(self.learnt.snapshot, **changes)
        return replace(self, learnt=self.learnt._replace(snapshot=snapshot))

    def becomes(self, status: Status, learnt: Learnt, deferred: Deferral | None) -> Standing:
        """This with that status, state and what it has learnt aside, by the version to come."""
        snapshot = msgspec.structs.replace(
            self.learnt.snapshot,
            status=status,
            since=self.learnt.snapshot.version + 1,
            state=learnt.snapshot.state,
            observations=learnt.snapshot.observations,
            watermark=learnt.snapshot.watermark,
        )
        return replace(self, learnt=Learnt(learnt.state, snapshot), deferred=deferred)

    def numbered(self, before: Standing, at: Moment) -> Standing:
        """This as the snapshot after `before`, made `at` a moment, and the roster after its roster.

        However many commands lie between the two, they are one snapshot and one roster. It answers
        no question about freshness: it added no observation.

        Args:
            before: what the last commit left.
            at: the moment; its watermark is for a snapshot that says none.
        """
        roster = self.roster
        if roster is not before.roster:
            number = before.roster.number + (1 if before.is_kept else 0)
            roster = msgspec.structs.replace(roster, number=number)
        numbered = self.said(
            version=before.learnt.snapshot.version + 1,
            roster=roster.number,
            created=at.now,
            watermark=self.learnt.snapshot.watermark or at.known,
            ready=None,
            accepted=None,
            read=at.read,
        )
        return replace(numbered, roster=roster, is_kept=True)
