"""A store in SQL, by SQLAlchemy Core: SQLite for one machine.

Every write is one transaction that begins by taking SQLite's write lock, so what it reads holds
until it ends. WAL and `synchronous = FULL`: a commit is on the disk when it returns, and readers
never wait. Refuses a schema newer than its own, and an SQLite with the WAL bug.
"""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
import sqlalchemy as sa

from tamesu.adapters.store import (
    bodies,
    corrections,
    engine,
    leasing,
    manifest,
    refusals,
    tables,
    transaction,
)
from tamesu.base import (
    Command,
    Conflict,
    Correction,
    Declaration,
    Roster,
    Snapshot,
    Time,
    encode,
)
from tamesu.ports import ArchiveFile, Commit, Declared, Deferred, Holds, Lease, Progress
from tamesu.ports.store import MOST_WAITING

_MOST_NAMED = 500
"""Versions named in one statement."""


class SqlStore:
    """Tables of `tamesu.adapters.store.tables` in one database.

    Durability: what returned survives a crash of process and machine. Safe from many threads and
    processes. Limits: local disks.
    """

    def __init__(self, path: Path) -> None:
        self._path = Path(path)
        self._engine = engine.opened(self._path)
        self._writer = self._engine.execution_options(writes=True)
        # Declarations never change under their number, so what was parsed once is kept.
        self._parsed: dict[tuple[str, int], Declared] = {}

    # Declarations -------------------------------------------------------------------------------

    def declare(self, declaration: Declaration, now: Time, number: int = 1) -> Declared:
        """Keeps a new bandit, or one made again; see `tamesu.ports.Store.declare`."""
        declared = Declared(number, declaration, Time(now))
        with self._writing() as connection:
            if number == 1 and self._declared(connection, declaration.name, 1) is not None:
                raise Conflict.exists(declaration.name)
            transaction.put_declaration(connection, declared)
        return declared

    def declarations(self) -> Mapping[str, Declared]:
        """The newest declaration of every bandit, by name."""
        table = tables.declarations
        latest = sa.select(table.c.bandit, sa.func.max(table.c.number)).group_by(table.c.bandit)
        with self._reading() as connection:
            keys = [(bandit, number) for bandit, number in connection.execute(latest)]
            found = {key: self._declared(connection, *key) for key in keys}
        return {bandit: declared for (bandit, _), declared in found.items() if declared}

    def declared(self, bandit: str, number: int) -> Declared | None:
        """The declaration with this number, or none."""
        known = self._parsed.get((bandit, number))
        if known is None:
            with self._reading() as connection:
                known = self._declared(connection, bandit, number)
        return known

    # Snapshots ----------------------------------------------------------------------------------

    def versions(self) -> Mapping[str, int]:
        """The newest snapshot version of every bandit that has one."""
        with self._reading() as connection:
            rows = connection.execute(sa.select(tables.newest.c.bandit, tables.newest.c.version))
            return {row.bandit: row.version for row in rows}

    def snapshot(self, bandit: str, version: int | None = None) -> Snapshot | None:
        """A snapshot, the newest without `version`; none if there is no such version."""
        table = tables.snapshots
        query = sa.select(table.c.body, table.c.state).where(table.c.bandit == bandit)
        if version is None:
            query = query.order_by(table.c.version.desc()).limit(1)
        else:
            query = query.where(table.c.version == version)
        with self._reading() as connection:
            row = connection.execute(query).first()
        if row is None:
            return None
        return msgspec.structs.replace(
            bodies.read(bodies.decode_snapshot, row.body, self._path), state=row.state
        )

    def snapshots(self, bandit: str) -> Sequence[Snapshot]:
        """Every kept snapshot with its state left empty, by version."""
        table = tables.snapshots
        query = sa.select(table.c.body).where(table.c.bandit == bandit).order_by(table.c.version)
        with self._reading() as connection:
            return [
                bodies.read(bodies.decode_snapshot, row.body, self._path)
                for row in connection.execute(query)
            ]

    def thin(self, lease: Lease, bandit: str, versions: Collection[int]) -> int:
        """Drops snapshots; see `tamesu.ports.Store.thin`."""
        table = tables.snapshots
        newest = sa.select(tables.newest.c.version).where(tables.newest.c.bandit == bandit)
        pinned = sa.select(tables.pins.c.version).where(tables.pins.c.bandit == bandit)
        gone = 0
        with self._writing() as connection:
            _refuse_stale(connection, lease)
            listed = sorted(versions)
            for start in range(0, len(listed), _MOST_NAMED):
                some = listed[start : start + _MOST_NAMED]
                dropped = connection.execute(
                    table.delete().where(
                        table.c.bandit == bandit,
                        table.c.version.in_(some),
                        table.c.version.not_in(pinned),
                        table.c.version != newest.scalar_subquery(),
                    )
                )
                gone += dropped.rowcount
        return gone

    def pin(self, bandit: str, version: int, *, pinned: bool) -> None:
        """Keeps a snapshot from being thinned, or lets go of it."""
        table = tables.snapshots
        key = {"bandit": bandit, "version": version}
        with self._writing() as connection:
            kept = sa.select(table.c.version).filter_by(**key)
            if connection.execute(kept).first() is None:
                raise refusals.no_snapshot(bandit, version)
            connection.execute(tables.pins.delete().filter_by(**key))
            if pinned:
                connection.execute(tables.pins.insert(), key)

    def pinned(self, bandit: str) -> frozenset[int]:
        """The versions of `bandit` that are pinned."""
        query = sa.select(tables.pins.c.version).where(tables.pins.c.bandit == bandit)
        with self._reading() as connection:
            return frozenset(connection.execute(query).scalars())

    def deferred(self, bandit: str) -> Deferred | None:
        """What `bandit` has learnt aside, none while it learns."""
        table = tables.deferred
        query = sa.select(table).where(table.c.bandit == bandit)
        with self._reading() as connection:
            row = connection.execute(query).mappings().first()
        return None if row is None else Deferred(**row)

    def roster(self, bandit: str, number: int) -> Roster | None:
        """The roster with this number, from 1; none if there is no such one."""
        table = tables.rosters
        query = sa.select(table.c.body).where(table.c.bandit == bandit, table.c.number == number)
        with self._reading() as connection:
            body = connection.execute(query).scalar()
        return None if body is None else bodies.read(bodies.decode_roster, body, self._path)

    # Commands -----------------------------------------------------------------------------------

    def ask(self, bandit: str, kind: str, body: dict[str, Any], now: Time) -> Command:
        """Keeps a command for the trainer; see `tamesu.ports.Store.ask`."""
        table = tables.commands
        with self._writing() as connection:
            waiting = sa.select(sa.func.count()).where(table.c.waits)
            if connection.execute(waiting).scalar_one() >= MOST_WAITING:
                raise refusals.too_many_wait(MOST_WAITING)
            number = connection.execute(sa.select(sa.func.max(table.c.number))).scalar() or 0
            made = Command(number=number + 1, bandit=bandit, kind=kind, body=body, asked=Time(now))
            row = {"number": made.number, "waits": True, "body": encode(made)}
            connection.execute(table.insert(), row)
            return made

    def command(self, number: int) -> Command | None:
        """The command with this number; none if there is no such one."""
        table = tables.commands
        with self._reading() as connection:
            body = connection.execute(
                sa.select(table.c.body).where(table.c.number == number)
            ).scalar()
        return None if body is None else bodies.read(bodies.decode_command, body, self._path)

    def waiting(self) -> Sequence[Command]:
        """The commands without an effect, by number."""
        table = tables.commands
        query = sa.select(table.c.body).where(table.c.waits).order_by(table.c.number)
        with self._reading() as connection:
            return [
                bodies.read(bodies.decode_command, row.body, self._path)
                for row in connection.execute(query)
            ]

    def commands(self, bandit: str | None = None) -> Sequence[Command]:
        """Every command that has an effect, of one bandit or of all, by number."""
        table = tables.commands
        query = sa.select(table.c.body).where(~table.c.waits).order_by(table.c.number)
        with self._reading() as connection:
            found = [
                bodies.read(bodies.decode_command, row.body, self._path)
                for row in connection.execute(query)
            ]
        return [each for each in found if bandit in (None, each.bandit)]

    # Corrections --------------------------------------------------------------------------------

    def correct(
        self, lease: Lease, found: Sequence[Correction], judged: Mapping[str, Time] | None = None
    ) -> int:
        """Keeps corrections for the trainer; gives how many are new."""
        with self._writing() as connection:
            _refuse_stale(connection, lease)
            corrections.put_judged(connection, judged or {})
            return corrections.keep(connection, found)

    def judged(self) -> Mapping[str, Time]:
        """Per bandit the moment up to which what came too late has been judged."""
        with self._reading() as connection:
            return corrections.judged(connection)

    def corrections(self, *, waiting: bool, most: int | None = None) -> Sequence[Correction]:
        """Those that wait for the trainer, or those taken, in the order in which they were kept."""
        with self._reading() as connection:
            return corrections.listed(connection, self._path, waiting=waiting, most=most)

    def corrections_of(self, bandit: str, after: int, until: int) -> Sequence[Correction]:
        """Those of a bandit that some of its snapshots took; see `tamesu.ports.Store.corrections_of`."""
        with self._reading() as connection:
            return corrections.taken_by(connection, self._path, bandit, after, until)

    # The trainer --------------------------------------------------------------------------------

    def lease(self, holder: str, now: Time, lasts_us: int) -> Lease:
        """Takes or renews the lease; see `tamesu.ports.Store.lease`."""
        return self._take(holder, now, lasts_us, raise_epoch=False)

    def takeover(self, holder: str, now: Time, lasts_us: int) -> Lease:
        """The lease with a new epoch at once; see `tamesu.ports.Store.takeover`."""
        return self._take(holder, now, lasts_us, raise_epoch=True)

    def release(self, lease: Lease) -> None:
        """Gives the lease back; nothing happens if it is no longer the newest."""
        table = tables.lease
        with self._writing() as connection:
            connection.execute(
                table.update()
                .where(table.c.holder == lease.holder, table.c.epoch == lease.epoch)
                .values(holder=None, expires=0)
            )

    def progress(self) -> Progress:
        """How far the trainer has come, as of the last commit."""
        counts: dict[str, dict[str, int]] = {}
        with self._reading() as connection:
            row = connection.execute(sa.select(tables.progress)).first()
            for bandit, name, value in connection.execute(sa.select(tables.counts)):
                counts.setdefault(bandit, {})[name] = value
        if row is None:
            return Progress()
        return Progress(checkpoint=row.checkpoint, counts=counts, epoch=row.epoch)

    def commit(self, commit: Commit) -> None:
        """Does all of `commit` in one transaction; see `tamesu.ports.Store.commit`."""
        with self._writing() as connection:
            _refuse_stale(connection, commit.lease)
            transaction.put(connection, commit)

    # The archive's manifest ---------------------------------------------------------------------

    def files(self, holds: Holds | None = None) -> Sequence[ArchiveFile]:
        """The manifest, or what holds one kind, in the order of commits."""
        with self._reading() as connection:
            return manifest.listed(connection, holds)

    def arrange(
        self,
        lease: Lease,
        add: Sequence[ArchiveFile],
        remove: Sequence[ArchiveFile],
        archived: Sequence[int] | None = None,
    ) -> None:
        """Changes the manifest in one transaction; see `tamesu.ports.Store.arrange`."""
        with self._writing() as connection:
            _refuse_stale(connection, lease)
            manifest.remove(connection, remove)
            manifest.add(connection, add)
            manifest.put_archived(connection, archived or ())

    def archived(self) -> tuple[int, ...]:
        """Per partition the offset up to which the log's records are archived; empty at first."""
        with self._reading() as connection:
            return manifest.archived(connection)

    def close(self) -> None:
        """Closes every connection; a second call does nothing."""
        self._engine.dispose()

    # Within -------------------------------------------------------------------------------------

    def _declared(self, connection: sa.Connection, bandit: str, number: int) -> Declared | None:
        known = self._parsed.get((bandit, number))
        if known is not None:
            return known
        table = tables.declarations
        query = sa.select(table.c.created, table.c.body).where(
            table.c.bandit == bandit, table.c.number == number
        )
        row = connection.execute(query).first()
        if row is None:
            return None
        declaration = bodies.read(bodies.decode_declaration, row.body, self._path)
        known = Declared(number, declaration, Time(row.created))
        self._parsed[bandit, number] = known
        return known

    def _take(self, holder: str, now: Time, lasts_us: int, *, raise_epoch: bool) -> Lease:
        with self._writing() as connection:
            held, epoch = _held(connection)
            got = leasing.taken(held, epoch, holder, now, lasts_us, raise_epoch=raise_epoch)
            row = {"holder": holder, "epoch": got.epoch, "expires": int(got.expires)}
            connection.execute(tables.lease.update().values(**row))
            return got

    @contextlib.contextmanager
    def _reading(self) -> Iterator[sa.Connection]:
        """One consistent look; never waits for a writer."""
        with engine.translated(self._engine, self._path), self._engine.begin() as connection:
            yield connection

    @contextlib.contextmanager
    def _writing(self) -> Iterator[sa.Connection]:
        """One transaction that nobody else writes beside; whole or not at all."""
        with engine.translated(self._engine, self._path), self._writer.begin() as connection:
            yield connection


def _refuse_stale(connection: sa.Connection, lease: Lease) -> None:
    leasing.refuse_stale(lease, *_held(connection))


def _held(connection: sa.Connection) -> tuple[Lease | None, int]:
    """The lease as it stands, none if it is free; and the newest epoch."""
    row = connection.execute(sa.select(tables.lease).with_for_update()).one()
    held = None if row.holder is None else Lease(row.holder, row.epoch, Time(row.expires))
    return held, row.epoch
