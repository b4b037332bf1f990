"""SQLAlchemy over Tamesu's SQLite: connections, transactions, errors, the schema's number.

The one place of the SQL store that knows which database it is on. Opening brings an older schema up
to date. Refuses one that is newer than this version knows.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import sqlite as dialect
from sqlalchemy.schema import CreateIndex, CreateTable

from tamesu.adapters import sqlite
from tamesu.adapters.store import migrations, tables
from tamesu.base import Corrupt, Unavailable


def opened(path: Path) -> sa.Engine:
    """An engine over the database at `path`, made if it is not there.

    A transaction of an engine with the execution option `writes` takes the write lock as it begins;
    none begins after the file was removed or replaced.

    Raises:
        Unavailable: the folder cannot be written, or the schema is newer than this version's.
        Corrupt: the file is no database, or no store.
    """
    sqlite.refuse_old()
    sqlite.create(path, _script())
    engine = sa.create_engine(
        "sqlite+pysqlite://",
        creator=lambda: sqlite.connect(path),
        module=sqlite.driver,
        poolclass=sa.QueuePool,
        max_overflow=20,
    )
    file = sqlite.SameFile(path)
    file.remember()

    def begin(connection: sa.Connection) -> None:
        file.look()
        writes = connection.get_execution_options().get("writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    sa.event.listen(engine, "begin", begin)
    try:
        _bring_up_to_date(engine, path)
    except BaseException:
        engine.dispose()
        raise
    return engine


@contextlib.contextmanager
def translated(engine: sa.Engine, path: Path) -> Iterator[None]:
    """Turns SQLAlchemy's and the driver's errors into those of `tamesu.base`.

    `IntegrityError` passes: what it means is the statement's business. After any other the pooled
    connections are opened anew, so that the next try works as soon as the cause is gone.
    """
    with sqlite.translated(path):
        try:
            yield
        except sa.exc.IntegrityError:
            raise
        except sa.exc.DBAPIError as problem:
            engine.dispose()
            raise sqlite.translate(problem.orig or problem, path) from problem
        except sa.exc.TimeoutError as problem:
            raise Unavailable(
                f"{path} is in use by too many threads at once",
                hint="the next try may succeed",
                path=str(path),
            ) from problem


def _script() -> str:
    """The statements that make an empty store."""
    kind: Any = dialect.dialect()
    statements = [
        str(CreateTable(table).compile(dialect=kind)) for table in tables.metadata.sorted_tables
    ]
    statements += [
        str(CreateIndex(index).compile(dialect=kind))
        for table in tables.metadata.sorted_tables
        for index in sorted(table.indexes, key=lambda index: str(index.name))
    ]
    rows = (
        tables.schema.insert().values(number=tables.SCHEMA),
        tables.lease.insert().values(id=1, epoch=0, expires=0),
    )
    literal = {"literal_binds": True}
    statements += [str(row.compile(dialect=kind, compile_kwargs=literal)) for row in rows]
    return ";\n".join(statements) + ";"


def _bring_up_to_date(engine: sa.Engine, path: Path) -> None:
    try:
        with translated(engine, path), engine.begin() as connection:
            found = migrations.number(connection)
    except Unavailable as problem:
        if problem.facts.get("sqlite") != "SQLITE_ERROR":
            raise
        raise Corrupt(
            f"{path} must be a store of Tamesu, got another database",
            hint="point the setting at another file, or move this one away",
            path=str(path),
        ) from problem
    migrations.refuse_newer(found, path)
    if found < tables.SCHEMA:
        writer = engine.execution_options(writes=True)
        with translated(engine, path), writer.begin() as connection:
            migrations.migrate(connection, path)
