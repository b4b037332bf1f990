"""A store in memory: for tests, notebooks and simulation.

Lives and dies with its process. Refuses nothing that the durable store takes.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import msgspec

from tamesu.adapters.store import leasing, refusals
from tamesu.base import (
    Command,
    Conflict,
    Correction,
    Declaration,
    Roster,
    Snapshot,
    Time,
    Unavailable,
)
from tamesu.base.counts import merge
from tamesu.ports import ArchiveFile, Commit, Declared, Deferred, Holds, Lease, Progress
from tamesu.ports.store import MOST_WAITING


class MemoryStore:
    """Dicts behind one lock. Durability: none."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._closed = False
        self._declared: dict[str, list[Declared]] = {}
        self._snapshots: dict[str, dict[int, Snapshot]] = {}
        self._files: dict[str, ArchiveFile] = {}
        self._rosters: dict[tuple[str, int], Roster] = {}
        self._commands: dict[int, Command] = {}
        self._waiting: dict[int, Command] = {}
        self._pinned: set[tuple[str, int]] = set()
        self._deferred: dict[str, Deferred] = {}
        self._corrections: dict[tuple[str, int, int], Correction] = {}
        self._judged: dict[str, Time] = {}
        self._archived: dict[int, int] = {}
        self._lease: Lease | None = None
        self._epoch = 0
        self._progress = Progress()

    def declare(self, declaration: Declaration, now: Time, number: int = 1) -> Declared:
        """Keeps a new bandit, or one made again; see `tamesu.ports.Store.declare`."""
        with self._lock:
            self._refuse_closed()
            if number == 1 and declaration.name in self._declared:
                raise Conflict.exists(declaration.name)
            declared = Declared(number, declaration, now)
            self._refuse_not_next(declared)
            self._declared.setdefault(declaration.name, []).append(declared)
            return declared

    def declarations(self) -> Mapping[str, Declared]:
        """The newest declaration of every bandit, by name."""
        with self._lock:
            self._refuse_closed()
            return {name: numbers[-1] for name, numbers in self._declared.items()}

    def declared(self, bandit: str, number: int) -> Declared | None:
        """The declaration with this number, or none."""
        with self._lock:
            self._refuse_closed()
            numbers = self._declared.get(bandit, [])
            return numbers[number - 1] if 1 <= number <= len(numbers) else None

    def versions(self) -> Mapping[str, int]:
        """The newest snapshot version of every bandit that has one."""
        with self._lock:
            self._refuse_closed()
            return {bandit: max(versions) for bandit, versions in self._snapshots.items()}

    def snapshot(self, bandit: str, version: int | None = None) -> Snapshot | None:
        """A snapshot, the newest without `version`; none if there is no such version."""
        with self._lock:
            self._refuse_closed()
            versions = self._snapshots.get(bandit, {})
            if version is None:
                version = max(versions, default=0)
            return versions.get(version)

    def snapshots(self, bandit: str) -> Sequence[Snapshot]:
        """Every kept snapshot with its state left empty, by version."""
        with self._lock:
            self._refuse_closed()
            kept = self._snapshots.get(bandit, {})
            return [msgspec.structs.replace(kept[version], state=b"") for version in sorted(kept)]

    def thin(self, lease: Lease, bandit: str, versions: Collection[int]) -> int:
        """Drops snapshots; see `tamesu.ports.Store.thin`."""
        with self._lock:
            self._refuse_closed()
            self._refuse_stale(lease)
            kept = self._snapshots.get(bandit, {})
            newest = max(kept, default=0)
            gone = [
                version
                for version in set(versions) & kept.keys()
                if version != newest and (bandit, version) not in self._pinned
            ]
            for version in gone:
                del kept[version]
            return len(gone)

    def pin(self, bandit: str, version: int, *, pinned: bool) -> None:
        """Keeps a snapshot from being thinned, or lets go of it."""
        with self._lock:
            self._refuse_closed()
            if version not in self._snapshots.get(bandit, {}):
                raise refusals.no_snapshot(bandit, version)
            change = self._pinned.add if pinned else self._pinned.discard
            change((bandit, version))

    def pinned(self, bandit: str) -> frozenset[int]:
        """The versions of `bandit` that are pinned."""
        with self._lock:
            self._refuse_closed()
            return frozenset(version for name, version in self._pinned if name == bandit)

    def deferred(self, bandit: str) -> Deferred | None:
        """What `bandit` has learnt aside, none while it learns."""
        with self._lock:
            self._refuse_closed()
            return self._deferred.get(bandit)

    def roster(self, bandit: str, number: int) -> Roster | None:
        """The roster with this number, from 1; none if there is no such one."""
        with self._lock:
            self._refuse_closed()
            return self._rosters.get((bandit, number))

    def ask(self, bandit: str, kind: str, body: dict[str, Any], now: Time) -> Command:
        """Keeps a command for the trainer; see `tamesu.ports.Store.ask`."""
        with self._lock:
            self._refuse_closed()
            if len(self._waiting) >= MOST_WAITING:
                raise refusals.too_many_wait(MOST_WAITING)
            number = len(self._commands) + 1
            made = Command(number=number, bandit=bandit, kind=kind, body=body, asked=now)
            self._commands[number] = self._waiting[number] = made
            return made

    def command(self, number: int) -> Command | None:
        """The command with this number; none if there is no such one."""
        with self._lock:
            self._refuse_closed()
            return self._commands.get(number)

    def waiting(self) -> Sequence[Command]:
        """The commands without an effect, by number."""
        with self._lock:
            self._refuse_closed()
            return list(self._waiting.values())

    def commands(self, bandit: str | None = None) -> Sequence[Command]:
        """Every command that has an effect, of one bandit or of all, by number."""
        with self._lock:
            self._refuse_closed()
            return [
                each
                for each in self._commands.values()
                if each.effect is not None and bandit in (None, each.bandit)
            ]

    def correct(
        self, lease: Lease, found: Sequence[Correction], judged: Mapping[str, Time] | None = None
    ) -> int:
        """Keeps corrections for the trainer; gives how many are new."""
        with self._lock:
            self._refuse_closed()
            self._refuse_stale(lease)
            before = len(self._corrections)
            for each in found:
                self._corrections.setdefault(each.key, each)
            self._judged.update(judged or {})
            return len(self._corrections) - before

    def judged(self) -> Mapping[str, Time]:
        """Per bandit the moment up to which what came too late has been judged."""
        with self._lock:
            self._refuse_closed()
            return dict(self._judged)

    def corrections(self, *, waiting: bool, most: int | None = None) -> Sequence[Correction]:
        """Those that wait for the trainer, or those taken, in the order in which they were kept."""
        with self._lock:
            self._refuse_closed()
            every = self._corrections.values()
            return [each for each in every if (each.read is None) is waiting][:most]

    def corrections_of(self, bandit: str, after: int, until: int) -> Sequence[Correction]:
        """Those of a bandit that some of its snapshots took, in the order in which they were kept."""
        with self._lock:
            self._refuse_closed()
            return [
                each
                for each in self._corrections.values()
                if each.read is not None
                and each.bandit == bandit
                and after < each.snapshot <= until
            ]

    def lease(self, holder: str, now: Time, lasts_us: int) -> Lease:
        """Takes or renews the lease; see `tamesu.ports.Store.lease`."""
        with self._lock:
            self._refuse_closed()
            return self._take(holder, now, lasts_us, raise_epoch=False)

    def takeover(self, holder: str, now: Time, lasts_us: int) -> Lease:
        """The lease with a new epoch at once; see `tamesu.ports.Store.takeover`."""
        with self._lock:
            self._refuse_closed()
            return self._take(holder, now, lasts_us, raise_epoch=True)

    def release(self, lease: Lease) -> None:
        """Gives the lease back; nothing happens if it is no longer the newest."""
        with self._lock:
            self._refuse_closed()
            if leasing.is_newest(lease, self._lease):
                self._lease = None

    def progress(self) -> Progress:
        """How far the trainer has come, as of the last commit."""
        with self._lock:
            self._refuse_closed()
            return self._progress

    def commit(self, commit: Commit) -> None:
        """Does all of `commit` or nothing; see `tamesu.ports.Store.commit`."""
        with self._lock:
            self._refuse_closed()
            self._refuse_stale(commit.lease)
            self._refuse_what_exists(commit)
            for new in commit.snapshots:
                self._snapshots.setdefault(new.bandit, {})[new.version] = new
            self._files.update({file.name: file for file in commit.files})
            self._rosters.update({(one.bandit, one.number): one for one in commit.rosters})
            for done in commit.commands:
                self._commands[done.number] = done
                del self._waiting[done.number]
            for declared in commit.declarations:
                self._declared.setdefault(declared.declaration.name, []).append(declared)
            for aside in commit.deferred:
                if aside.state:
                    self._deferred[aside.bandit] = aside
                else:
                    self._deferred.pop(aside.bandit, None)
            self._corrections.update({each.key: each for each in commit.corrections})
            self._progress = Progress(
                checkpoint=commit.checkpoint,
                counts=merge(self._progress.counts, commit.counts),
                epoch=commit.lease.epoch,
            )

    def files(self, holds: Holds | None = None) -> Sequence[ArchiveFile]:
        """The manifest, or what holds one kind, in the order of commits."""
        with self._lock:
            self._refuse_closed()
            return [file for file in self._files.values() if holds in (None, file.holds)]

    def arrange(
        self,
        lease: Lease,
        add: Sequence[ArchiveFile],
        remove: Sequence[ArchiveFile],
        archived: Sequence[int] | None = None,
    ) -> None:
        """Changes the manifest or nothing; see `tamesu.ports.Store.arrange`."""
        with self._lock:
            self._refuse_closed()
            self._refuse_stale(lease)
            gone = {file.name for file in remove}
            for file in remove:
                if file.name not in self._files:
                    raise refusals.no_such_file(file.name)
            self._refuse_named(add, gone)
            for name in gone:
                del self._files[name]
            self._files.update({file.name: file for file in add})
            self._archived.update(enumerate(archived or ()))

    def archived(self) -> tuple[int, ...]:
        """Per partition the offset up to which the log's records are archived; empty at first."""
        with self._lock:
            self._refuse_closed()
            return tuple(self._archived[partition] for partition in sorted(self._archived))

    def close(self) -> None:
        """Refuses every later call; a second one does nothing."""
        self._closed = True

    def _take(self, holder: str, now: Time, lasts_us: int, *, raise_epoch: bool) -> Lease:
        got = leasing.taken(
            self._lease, self._epoch, holder, now, lasts_us, raise_epoch=raise_epoch
        )
        self._lease, self._epoch = got, got.epoch
        return got

    def _refuse_what_exists(self, commit: Commit) -> None:
        self._refuse_old_versions(commit)
        self._refuse_named(commit.files)
        for roster in commit.rosters:
            if (roster.bandit, roster.number) in self._rosters:
                raise refusals.roster_exists(roster.bandit, roster.number)
        for done in commit.commands:
            if done.number not in self._waiting:
                raise refusals.not_waiting(done.number)
        for declared in commit.declarations:
            self._refuse_not_next(declared)
        kept = [self._corrections.get(each.key) for each in commit.corrections]
        missing = sum(one is None or one.read is not None for one in kept)
        if missing:
            raise refusals.corrections_not_waiting(missing, len(kept))

    def _refuse_old_versions(self, commit: Commit) -> None:
        newest: dict[str, int] = {}
        for new in commit.snapshots:
            if new.bandit not in newest:
                newest[new.bandit] = max(self._snapshots.get(new.bandit, {}), default=0)
            if new.version <= newest[new.bandit]:
                raise refusals.version_exists(new.bandit, new.version, newest[new.bandit])
            newest[new.bandit] = new.version

    def _refuse_named(self, files: Sequence[ArchiveFile], but: Collection[str] = ()) -> None:
        met: set[str] = set()
        for file in files:
            if file.name in met or (file.name in self._files and file.name not in but):
                raise refusals.file_exists(file.name)
            met.add(file.name)

    def _refuse_not_next(self, declared: Declared) -> None:
        name = declared.declaration.name
        next_ = len(self._declared.get(name, ())) + 1
        if declared.number != next_:
            raise refusals.not_next(name, declared.number, next_)

    def _refuse_stale(self, lease: Lease) -> None:
        leasing.refuse_stale(lease, self._lease, self._epoch)

    def _refuse_closed(self) -> None:
        if self._closed:
            raise Unavailable("the store is closed", hint="make a new one")
