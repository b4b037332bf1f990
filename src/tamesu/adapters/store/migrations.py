"""Stores of older versions brought to this one's schema, step by step.

Each step is frozen text: what the schema was made of then, whatever the tables become later. All
steps of a migration are one transaction under the write lock, so that it happens whole, and once,
however many processes open the store at the same time. Refuses to go back: keep a copy of the folder
for that.
"""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa
import structlog

from tamesu.adapters.store import tables
from tamesu.base import Unavailable

STEPS = {
    2: """
    CREATE TABLE rosters (
        bandit TEXT NOT NULL,
        number BIGINT NOT NULL,
        body BLOB NOT NULL,
        PRIMARY KEY (bandit, number)
    );
    CREATE TABLE commands (
        number BIGINT NOT NULL,
        waits BOOLEAN NOT NULL,
        body BLOB NOT NULL,
        PRIMARY KEY (number)
    );
    CREATE INDEX commands_that_wait ON commands (waits, number)
    """,
    3: """
    CREATE TABLE pins (
        bandit TEXT NOT NULL,
        version BIGINT NOT NULL,
        PRIMARY KEY (bandit, version)
    );
    CREATE TABLE deferred (
        bandit TEXT NOT NULL,
        observations BIGINT NOT NULL,
        state BLOB NOT NULL,
        PRIMARY KEY (bandit)
    );
    CREATE TABLE corrections (
        number BIGINT NOT NULL,
        decision_id TEXT NOT NULL,
        position BIGINT NOT NULL,
        correction BIGINT NOT NULL,
        waits BOOLEAN NOT NULL,
        body BLOB NOT NULL,
        PRIMARY KEY (number),
        UNIQUE (decision_id, position, correction)
    );
    CREATE INDEX corrections_that_wait ON corrections (waits, number);
    CREATE TABLE judged (
        bandit TEXT NOT NULL,
        moment BIGINT NOT NULL,
        PRIMARY KEY (bandit)
    );
    CREATE TABLE files_3 (
        number BIGINT NOT NULL,
        name TEXT NOT NULL,
        bandit TEXT NOT NULL,
        rows BIGINT NOT NULL,
        bytes BIGINT NOT NULL,
        digest TEXT NOT NULL,
        holds TEXT NOT NULL,
        partition BIGINT NOT NULL,
        first BIGINT NOT NULL,
        "end" BIGINT NOT NULL,
        newest BIGINT NOT NULL,
        PRIMARY KEY (number),
        UNIQUE (name)
    );
    INSERT INTO files_3
        SELECT number, name, bandit, rows, bytes, digest, 'observations', 0, 0, 0, 0 FROM files;
    DROP TABLE files;
    ALTER TABLE files_3 RENAME TO files;
    CREATE INDEX files_by_what_they_hold ON files (holds, number);
    CREATE TABLE archived (
        partition BIGINT NOT NULL,
        "offset" BIGINT NOT NULL,
        PRIMARY KEY (partition)
    )
    """,
}
"""What makes the schema of that number out of the one before it."""

_log = structlog.get_logger("tamesu.store")


def migrate(connection: sa.Connection, path: Path) -> None:
    """Brings the store behind `connection`, whose transaction has the write lock, up to date.

    Raises:
        Unavailable: its schema is newer than this version's.
    """
    found = number(connection)
    refuse_newer(found, path)
    if found == tables.SCHEMA:
        return
    _log.warning(
        "the store is brought to a newer schema; older versions of Tamesu cannot read it afterwards",
        path=str(path),
        found=found,
        newest=tables.SCHEMA,
        hint="to be able to go back, keep a copy of the data folder from before the upgrade",
    )
    for step in range(found + 1, tables.SCHEMA + 1):
        for statement in STEPS[step].split(";"):
            connection.exec_driver_sql(statement)
    connection.execute(tables.schema.update().values(number=tables.SCHEMA))


def number(connection: sa.Connection) -> int:
    """The schema's number as the store says it."""
    found: int = connection.execute(sa.select(tables.schema.c.number)).scalar_one()
    return found


def refuse_newer(found: int, path: Path) -> None:
    """Raises `Unavailable` for a schema newer than this version's."""
    if found > tables.SCHEMA:
        raise Unavailable(
            f"{path} must have schema {tables.SCHEMA} or older, got {found}: a newer version of "
            "Tamesu wrote it",
            hint="upgrade Tamesu, or use the version that wrote it",
            found=found,
            newest=tables.SCHEMA,
        )
