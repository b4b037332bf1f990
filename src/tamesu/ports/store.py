"""The store: declarations, commands, snapshots, rosters, offsets, the lease, the one transaction.

What passes in and out of it stands in `tamesu.ports.commit`. Refuses half of a commit, and a writer without the newest lease.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Protocol

from tamesu.base import Command, Correction, Corrupt, Declaration, Roster, Snapshot, Time
from tamesu.ports.archive import ArchiveFile, Holds
from tamesu.ports.commit import Commit, Declared, Deferred, Lease, Progress

MOST_WAITING = 100
"""Commands that may wait for the trainer; one more is refused until it has taken some."""


class Store(Protocol):
    """What must outlive a process besides the log. Safe from many threads and processes.

    Any call raises `Unavailable` while the store is down, and `Corrupt` where its bytes do not read.
    """

    # Declarations -------------------------------------------------------------------------------

    def declare(self, declaration: Declaration, now: Time, number: int = 1) -> Declared:
        """Keeps a new bandit as its declaration number 1, or one made again after it was deleted.

        Duplicate and concurrent case: of several, the first wins, the others are refused.

        Args:
            declaration: with its seed.
            now: when it is made.
            number: the next one of the name, whose bandit was deleted; 1 for a name never used.

        Raises:
            Conflict: the name is taken, or `number` is not its next.
            Unavailable: the store is down or read-only.
        """
        ...

    def declarations(self) -> Mapping[str, Declared]:
        """The newest declaration of every bandit, by name; empty before the first."""
        ...

    def declared(self, bandit: str, number: int) -> Declared | None:
        """The declaration with this number, or none."""
        ...

    # Snapshots ----------------------------------------------------------------------------------

    def versions(self) -> Mapping[str, int]:
        """The newest snapshot version of every bandit that has one."""
        ...

    def snapshot(self, bandit: str, version: int | None = None) -> Snapshot | None:
        """A snapshot, the newest without `version`; none if there is no such version."""
        ...

    def snapshots(self, bandit: str) -> Sequence[Snapshot]:
        """Every kept snapshot of `bandit` with its state left empty, by version; empty for none."""
        ...

    def thin(self, lease: Lease, bandit: str, versions: Collection[int]) -> int:
        """Drops snapshots; gives how many went. The newest and the pinned stay, whatever is asked.

        Empty case: versions that are not there are no matter.

        Raises:
            Conflict: a stale epoch; nothing was changed.
        """
        ...

    def pin(self, bandit: str, version: int, *, pinned: bool) -> None:
        """Keeps a snapshot from being thinned, or lets go of it; a second call does nothing.

        Raises:
            NotFound: there is no such version.
        """
        ...

    def pinned(self, bandit: str) -> frozenset[int]:
        """The versions of `bandit` that are pinned."""
        ...

    def deferred(self, bandit: str) -> Deferred | None:
        """What `bandit` has learnt aside, none while it learns."""
        ...

    def roster(self, bandit: str, number: int) -> Roster | None:
        """The roster with this number, from 1; none if there is no such one.

        Number 0 is the declaration's own and never here: see `Roster.of`.
        """
        ...

    # Commands -----------------------------------------------------------------------------------

    def ask(self, bandit: str, kind: str, body: dict[str, Any], now: Time) -> Command:
        """Keeps a command for the trainer, under the next number.

        Duplicate case: asking twice makes two. Concurrent case: each has its own number, and one
        that is asked after another has returned comes after it.

        Raises:
            Backpressure: `MOST_WAITING` wait already.
            Unavailable: the store is down or read-only; nothing was kept.
        """
        ...

    def command(self, number: int) -> Command | None:
        """The command with this number, its effect as of now; none if there is no such one."""
        ...

    def waiting(self) -> Sequence[Command]:
        """The commands without an effect, by number; empty most of the time, and cheap to ask."""
        ...

    def commands(self, bandit: str | None = None) -> Sequence[Command]:
        """Every command that has an effect, of one bandit or of all, by number."""
        ...

    # Corrections --------------------------------------------------------------------------------

    def correct(
        self, lease: Lease, found: Sequence[Correction], judged: Mapping[str, Time] | None = None
    ) -> int:
        """Keeps corrections for the trainer; gives how many are new.

        Duplicate case: one whose key is there already stays as it was, taken or not.

        Args:
            lease: it is made under.
            found: what the closed-slice job found.
            judged: per bandit the moment up to which what was received has been judged now; kept in
                the same transaction. Bandits that are not named stay as they were.

        Raises:
            Conflict: a stale epoch; nothing was kept.
        """
        ...

    def judged(self) -> Mapping[str, Time]:
        """Per bandit the moment up to which what was received too late has been judged; empty at first."""
        ...

    def corrections(self, *, waiting: bool, most: int | None = None) -> Sequence[Correction]:
        """Those that wait for the trainer, or those taken, in the order in which they were kept."""
        ...

    def corrections_of(self, bandit: str, after: int, until: int) -> Sequence[Correction]:
        """Those of `bandit` that its snapshots after < version <= until took, in their order.

        The cost is that of finding them: a store holds those of years. Empty case: none were taken.
        """
        ...

    # The trainer --------------------------------------------------------------------------------

    def lease(self, holder: str, now: Time, lasts_us: int) -> Lease:
        """Takes or renews the trainer's lease until `now + lasts_us`.

        The holder that had it last and did not give it back renews it and keeps its epoch, also
        after it expired: nobody wrote meanwhile, so nothing must be refused. Anybody else gets a
        free or expired lease with the epoch raised by one. Concurrent case: one gets it.

        Raises:
            Conflict: another holder has it; the fact `expires` says until when.
        """
        ...

    def takeover(self, holder: str, now: Time, lasts_us: int) -> Lease:
        """The lease for a holder whose predecessor of the same name is known to be dead.

        As `lease`, but the same holder gets a new epoch at once, so that whatever its predecessor
        still had under way is refused.
        """
        ...

    def release(self, lease: Lease) -> None:
        """Gives the lease back; nothing happens if it is no longer the newest."""
        ...

    def progress(self) -> Progress:
        """How far the trainer has come; a new `Progress()` before the first commit."""
        ...

    def commit(self, commit: Commit) -> None:
        """Does all of `commit` in one transaction, durably.

        Duplicate case: versions, rosters and files that exist, and commands that have an effect
        already or were never asked, are refused. Concurrent case: a stale epoch is refused; that
        the lease expired is no matter while nobody took it.

        Raises:
            Conflict: as said; nothing was changed.
            Unavailable: the store is down or read-only; nothing was changed.
        """
        ...

    # The archive's manifest ---------------------------------------------------------------------

    def files(self, holds: Holds | None = None) -> Sequence[ArchiveFile]:
        """The manifest: every archive file that exists, or those of one kind, in the order of commits."""
        ...

    def arrange(
        self,
        lease: Lease,
        add: Sequence[ArchiveFile],
        remove: Sequence[ArchiveFile],
        archived: Sequence[int] | None = None,
    ) -> None:
        """Changes the manifest in one transaction: what is added takes the place of what is removed.

        Args:
            lease: it is made under.
            add: files that exist from now on.
            remove: files that exist no more; their bytes may be deleted afterwards.
            archived: per partition the offset up to which the log's records are archived now.

        Raises:
            Conflict: a stale epoch, a name to add that is there, or one to remove that is not;
                nothing was changed.
        """
        ...

    def archived(self) -> tuple[int, ...]:
        """Per partition the offset up to which the log's records are archived; empty at first."""
        ...

    def close(self) -> None:
        """Lets go of connections; a second call does nothing."""
        ...


def roster_of(store: Store, declared: Declared, snapshot: Snapshot | None) -> Roster:
    """The roster that `snapshot` names; without a snapshot, or where it names none, the declaration's.

    Raises:
        Corrupt: the store does not hold it.
        Unavailable: the store is down.
    """
    if snapshot is None or not snapshot.roster:
        return Roster.of(declared.declaration, declared.created)
    found = store.roster(snapshot.bandit, snapshot.roster)
    if found is None:
        raise Corrupt(
            f"the store must hold roster {snapshot.roster} of {snapshot.bandit!r}, which its "
            f"snapshot {snapshot.version} names; it does not",
            hint="restore the store from a backup",
            bandit=snapshot.bandit,
        )
    return found
