"""What a store is given and gives: who may write, how far they came, and all that one commit changes.

Refuses to do anything with it: `Store` says what a store must.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from tamesu.base import Command, Correction, Declaration, Roster, Snapshot, Time
from tamesu.ports.archive import ArchiveFile


class Declared(NamedTuple):
    """A declaration and its number."""

    number: int
    declaration: Declaration
    created: Time


class Lease(NamedTuple):
    """The right to write snapshots: who has it, the fencing epoch, and until when it holds."""

    holder: str
    epoch: int
    expires: Time


class Deferred(msgspec.Struct, frozen=True, kw_only=True):
    """What a bandit that is frozen or rolled back has learnt aside, until `resume` makes it serve.

    Attributes:
        state: bytes that the belief reads back; empty in a commit lets go of what was deferred.
        observations: how many are in it, in all.
    """

    bandit: str
    state: bytes
    observations: int


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """How far the trainer has come, as of the last commit.

    Attributes:
        checkpoint: bytes of the join's checkpoint, empty before the first commit.
        counts: how many records ended as what, in all; see `tamesu.base.counts`.
        epoch: of the lease under which the last commit was made, 0 before the first.
    """

    checkpoint: bytes = b""
    counts: dict[str, dict[str, int]] = {}
    epoch: int = 0


class Commit(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that one micro-batch changes, to be done whole or not at all.

    Attributes:
        lease: the lease it is made under; refused if it is not the newest epoch.
        checkpoint: the join's checkpoint after the batch.
        counts: merged into the counts so far by `tamesu.base.counts.merge`: levels replace theirs.
        snapshots: the new versions of every bandit that changed, rising.
        files: archive files that exist from now on.
        rosters: those that the new snapshots name and no snapshot before them.
        commands: those that were applied or refused, with their effect.
        declarations: new ones of bandits that are there, each with the next number.
        deferred: what bandits that do not learn have learnt aside; replaces what was there.
        corrections: those that were taken, with their `read`; they waited before.
    """

    lease: Lease
    checkpoint: bytes
    counts: dict[str, dict[str, int]]
    snapshots: Sequence[Snapshot] = ()
    files: Sequence[ArchiveFile] = ()
    rosters: Sequence[Roster] = ()
    commands: Sequence[Command] = ()
    declarations: Sequence[Declared] = ()
    deferred: Sequence[Deferred] = ()
    corrections: Sequence[Correction] = ()
