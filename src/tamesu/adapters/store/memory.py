"""A store in memory: for tests, notebooks and simulation.

Lives and dies with its process. Refuses nothing that the durable store takes.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from typing import Any

from tamesu.adapters.store import refusals
from tamesu.base import Command, Conflict, Declaration, Roster, Snapshot, Time, Unavailable
from tamesu.base.counts import merge
from tamesu.ports import ArchiveFile, Commit, Declared, Lease, Progress
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
        self._lease: Lease | None = None
        self._epoch = 0
        self._progress = Progress()

    def declare(self, declaration: Declaration, now: Time) -> Declared:
        """Keeps a new bandit; see `tamesu.ports.Store.declare`."""
        with self._lock:
            self._refuse_closed()
            if declaration.name in self._declared:
                raise Conflict.exists(declaration.name)
            declared = Declared(1, declaration, now)
            self._declared[declaration.name] = [declared]
            return declared

    def declarations(self) -> Mapping[str, Declared]:
        """The newest declaration of every bandit, by name."""
        with self._lock:
            self._refuse_closed()
            return {name: numbers[-1] for name, numbers in self._declared.items()}

    def declared(self, bandit: str, number: int) -> Declaration | None:
        """The declaration with this number, or none."""
        with self._lock:
            self._refuse_closed()
            numbers = self._declared.get(bandit, [])
            return numbers[number - 1].declaration if 1 <= number <= len(numbers) else None

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
            if self._is_newest(lease):
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
            if not self._is_newest(commit.lease):
                raise refusals.stale(commit.lease, self._lease, self._epoch)
            self._refuse_what_exists(commit)
            for new in commit.snapshots:
                self._snapshots.setdefault(new.bandit, {})[new.version] = new
            self._files.update({file.name: file for file in commit.files})
            self._rosters.update({(one.bandit, one.number): one for one in commit.rosters})
            for done in commit.commands:
                self._commands[done.number] = done
                del self._waiting[done.number]
            self._progress = Progress(
                checkpoint=commit.checkpoint,
                counts=merge(self._progress.counts, commit.counts),
                epoch=commit.lease.epoch,
            )

    def files(self) -> Sequence[ArchiveFile]:
        """The manifest, in the order of commits."""
        with self._lock:
            self._refuse_closed()
            return list(self._files.values())

    def close(self) -> None:
        """Refuses every later call; a second one does nothing."""
        self._closed = True

    def _take(self, holder: str, now: Time, lasts_us: int, *, raise_epoch: bool) -> Lease:
        held = self._lease
        others = held is not None and held.holder != holder
        if held is not None and others and now < held.expires:
            raise refusals.leased(held)
        if held is None or others or raise_epoch:
            self._epoch += 1
        self._lease = Lease(holder, self._epoch, Time(now + lasts_us))
        return self._lease

    def _refuse_what_exists(self, commit: Commit) -> None:
        newest: dict[str, int] = {}
        for new in commit.snapshots:
            if new.bandit not in newest:
                newest[new.bandit] = max(self._snapshots.get(new.bandit, {}), default=0)
            if new.version <= newest[new.bandit]:
                raise refusals.version_exists(new.bandit, new.version, newest[new.bandit])
            newest[new.bandit] = new.version
        for file in commit.files:
            if file.name in self._files:
                raise refusals.file_exists(file.name)
        for roster in commit.rosters:
            if (roster.bandit, roster.number) in self._rosters:
                raise refusals.roster_exists(roster.bandit, roster.number)
        for done in commit.commands:
            if done.number not in self._waiting:
                raise refusals.not_waiting(done.number)

    def _is_newest(self, lease: Lease) -> bool:
        held = self._lease
        return held is not None and (held.holder, held.epoch) == (lease.holder, lease.epoch)

    def _refuse_closed(self) -> None:
        if self._closed:
            raise Unavailable("the store is closed", hint="make a new one")
