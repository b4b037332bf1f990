"""A store in SQL, by SQLAlchemy Core: SQLite for one machine.

Every write is one transaction that begins by taking SQLite's write lock, so what it reads holds
until it ends. WAL and `synchronous = FULL`: a commit is on the disk when it returns, and readers
never wait. Refuses a schema newer than its own, and an SQLite with the WAL bug.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
import sqlalchemy as sa

from tamesu.adapters.store import bodies, engine, refusals, tables, transaction
from tamesu.base import (
    Command,
    Conflict,
    Declaration,
    Roster,
    Snapshot,
    Time,
    encode,
)
from tamesu.ports import ArchiveFile, Commit, Declared, Lease, Progress
from tamesu.ports.store import MOST_WAITING

_FILE = ArchiveFile.__struct_fields__


class SqlStore:
    """Tables of `tamesu.adapters.store.tables` in one database.

    Durability: what returned survives a crash of process and machine. Safe from many threads and
    processes. Limits: local disks; all snapshots are kept.
    """

    def __init__(self, path: Path) -> None:
        self._path = Path(path)
        self._engine = engine.opened(self._path)
        self._writer = self._engine.execution_options(writes=True)
        # Declarations never change under their number, so what was parsed once is kept.
        self._parsed: dict[tuple[str, int], Declared] = {}

    # Declarations -------------------------------------------------------------------------------

    def declare(self, declaration: Declaration, now: Time) -> Declared:
        """Keeps a new bandit; see `tamesu.ports.Store.declare`."""
        body = msgspec.json.encode(declaration.plain())
        row = {"bandit": declaration.name, "number": 1, "created": int(now), "body": body}
        try:
            with self._writing() as connection:
                connection.execute(tables.declarations.insert(), row)
        except sa.exc.IntegrityError as problem:
            raise Conflict.exists(declaration.name) from problem
        return Declared(1, declaration, Time(now))

    def declarations(self) -> Mapping[str, Declared]:
        """The newest declaration of every bandit, by name."""
        table = tables.declarations
        latest = sa.select(table.c.bandit, sa.func.max(table.c.number)).group_by(table.c.bandit)
        with self._reading() as connection:
            keys = [(bandit, number) for bandit, number in connection.execute(latest)]
            found = {key: self._declared(connection, *key) for key in keys}
        return {bandit: declared for (bandit, _), declared in found.items() if declared}

    def declared(self, bandit: str, number: int) -> Declaration | None:
        """The declaration with this number, or none."""
        known = self._parsed.get((bandit, number))
        if known is None:
            with self._reading() as connection:
                known = self._declared(connection, bandit, number)
        return None if known is None else known.declaration

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
            held, epoch = _held(connection)
            if held is None or held[:2] != commit.lease[:2]:
                raise refusals.stale(commit.lease, held, epoch)
            transaction.put(connection, commit)

    def files(self) -> Sequence[ArchiveFile]:
        """The manifest, in the order of commits."""
        table = tables.files
        query = sa.select(*(table.c[name] for name in _FILE)).order_by(table.c.number)
        with self._reading() as connection:
            rows = connection.execute(query).mappings()
            return [ArchiveFile(**row) for row in rows]

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
            others = held is not None and held.holder != holder
            if held is not None and others and now < held.expires:
                raise refusals.leased(held)
            if held is None or others or raise_epoch:
                epoch += 1
            taken = Lease(holder, epoch, Time(now + lasts_us))
            connection.execute(
                tables.lease.update().values(holder=holder, epoch=epoch, expires=int(taken.expires))
            )
            return taken

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


def _held(connection: sa.Connection) -> tuple[Lease | None, int]:
    """The lease as it stands, none if it is free; and the newest epoch."""
    row = connection.execute(sa.select(tables.lease).with_for_update()).one()
    held = None if row.holder is None else Lease(row.holder, row.epoch, Time(row.expires))
    return held, row.epoch
