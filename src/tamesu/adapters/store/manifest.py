"""The manifest of the archive in SQL: which files exist, within a transaction that somebody else began.

Refuses to judge the lease: that was done before.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import insert

from tamesu.adapters.store import refusals, tables
from tamesu.base import Time
from tamesu.ports import ArchiveFile, Holds

_FIELDS = ArchiveFile.__struct_fields__


def listed(connection: sa.Connection, holds: Holds | None) -> list[ArchiveFile]:
    """The files, or those of one kind, in the order of commits."""
    table = tables.files
    query = sa.select(*(table.c[name] for name in _FIELDS)).order_by(table.c.number)
    if holds is not None:
        query = query.where(table.c.holds == holds.value)
    return [
        ArchiveFile(**{**row, "holds": Holds(row["holds"]), "newest": Time(row["newest"])})
        for row in connection.execute(query).mappings()
    ]


def add(connection: sa.Connection, files: Sequence[ArchiveFile]) -> None:
    """Names `files` after those that are named.

    Raises:
        Conflict: one is named already; the transaction must be given up.
    """
    table = tables.files
    last = connection.execute(sa.select(sa.func.max(table.c.number))).scalar() or 0
    rows = []
    for number, file in enumerate(files, last + 1):
        row = msgspec.structs.asdict(file)
        rows.append(row | {"number": number, "holds": file.holds.value, "newest": int(file.newest)})
    try:
        if rows:
            connection.execute(table.insert(), rows)
    except sa.exc.IntegrityError as problem:
        raise refusals.file_exists(_first_named(connection, files)) from problem


def _first_named(connection: sa.Connection, files: Sequence[ArchiveFile]) -> str:
    """The first of `files` that is named already, or stands among them twice."""
    table, seen = tables.files, set[str]()
    for file in files:
        named = sa.select(table.c.name).where(table.c.name == file.name)
        if file.name in seen or connection.execute(named).first():
            return file.name
        seen.add(file.name)
    return files[-1].name


def remove(connection: sa.Connection, files: Sequence[ArchiveFile]) -> None:
    """Names `files` no more.

    Raises:
        Conflict: one is not named; the transaction must be given up.
    """
    table = tables.files
    for file in files:
        gone = connection.execute(table.delete().where(table.c.name == file.name))
        if gone.rowcount != 1:
            raise refusals.no_such_file(file.name)


def put_archived(connection: sa.Connection, offsets: Sequence[int]) -> None:
    """Up to where the log's records are archived, by partition."""
    for partition, offset in enumerate(offsets):
        row = {"partition": partition, "offset": offset}
        connection.execute(
            insert(tables.archived)
            .values(row)
            .on_conflict_do_update(index_elements=["partition"], set_=row)
        )


def archived(connection: sa.Connection) -> tuple[int, ...]:
    """Up to where the log's records are archived; empty at first."""
    table = tables.archived
    query = sa.select(table.c.offset).order_by(table.c.partition)
    return tuple(connection.execute(query).scalars())
