"""The tables of the SQL store.

Written for SQLite and PostgreSQL alike: 64-bit integers, text, bytes. Times are microseconds since
the epoch. Refuses to change a table in place: a change raises `SCHEMA` and brings its step in
`tamesu.adapters.store.migrations`.
"""

from __future__ import annotations

import sqlalchemy as sa

SCHEMA = 3
"""The number of this schema; a store with a newer one is refused."""

metadata = sa.MetaData()

schema = sa.Table(
    "schema",
    metadata,
    sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
)

declarations = sa.Table(
    "declarations",
    metadata,
    sa.Column("bandit", sa.Text, primary_key=True),
    sa.Column("number", sa.BigInteger, primary_key=True),
    sa.Column("created", sa.BigInteger, nullable=False),
    sa.Column("body", sa.LargeBinary, nullable=False),
)
"""`body` is the JSON of the declaration, every default spelt out."""

snapshots = sa.Table(
    "snapshots",
    metadata,
    sa.Column("bandit", sa.Text, primary_key=True),
    sa.Column("version", sa.BigInteger, primary_key=True),
    sa.Column("body", sa.LargeBinary, nullable=False),
    sa.Column("state", sa.LargeBinary, nullable=False),
)
"""`body` is the JSON of the snapshot with its state left empty."""

pins = sa.Table(
    "pins",
    metadata,
    sa.Column("bandit", sa.Text, primary_key=True),
    sa.Column("version", sa.BigInteger, primary_key=True),
)
"""Snapshots that are never thinned."""

deferred = sa.Table(
    "deferred",
    metadata,
    sa.Column("bandit", sa.Text, primary_key=True),
    sa.Column("observations", sa.BigInteger, nullable=False),
    sa.Column("state", sa.LargeBinary, nullable=False),
)
"""What bandits that do not learn have learnt aside."""

newest = sa.Table(
    "newest",
    metadata,
    sa.Column("bandit", sa.Text, primary_key=True),
    sa.Column("version", sa.BigInteger, nullable=False),
)
"""The newest version of each bandit, so that a poll costs one row a bandit however many are kept."""

rosters = sa.Table(
    "rosters",
    metadata,
    sa.Column("bandit", sa.Text, primary_key=True),
    sa.Column("number", sa.BigInteger, primary_key=True),
    sa.Column("body", sa.LargeBinary, nullable=False),
)
"""`body` is the JSON of the roster; all are kept."""

commands = sa.Table(
    "commands",
    metadata,
    sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("waits", sa.Boolean, nullable=False),
    sa.Column("body", sa.LargeBinary, nullable=False),
)
"""`body` is the JSON of the command, with its effect from the moment at which it waits no more."""

sa.Index("commands_that_wait", commands.c.waits, commands.c.number)

corrections = sa.Table(
    "corrections",
    metadata,
    sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("decision_id", sa.Text, nullable=False),
    sa.Column("position", sa.BigInteger, nullable=False),
    sa.Column("correction", sa.BigInteger, nullable=False),
    sa.Column("waits", sa.Boolean, nullable=False),
    sa.Column("body", sa.LargeBinary, nullable=False),
    sa.UniqueConstraint("decision_id", "position", "correction"),
)
"""`body` is the JSON of the correction, with its `read` from the moment at which it waits no more."""

sa.Index("corrections_that_wait", corrections.c.waits, corrections.c.number)

judged = sa.Table(
    "judged",
    metadata,
    sa.Column("bandit", sa.Text, primary_key=True),
    sa.Column("moment", sa.BigInteger, nullable=False),
)
"""Up to which moment what was received too late has been judged."""

counts = sa.Table(
    "counts",
    metadata,
    sa.Column("bandit", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("value", sa.BigInteger, nullable=False),
)

progress = sa.Table(
    "progress",
    metadata,
    sa.Column("id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("checkpoint", sa.LargeBinary, nullable=False),
    sa.Column("epoch", sa.BigInteger, nullable=False),
)
"""One row, made by the first commit."""

lease = sa.Table(
    "lease",
    metadata,
    sa.Column("id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("holder", sa.Text),
    sa.Column("epoch", sa.BigInteger, nullable=False),
    sa.Column("expires", sa.BigInteger, nullable=False),
)
"""One row, from the beginning; no holder means that the lease is free."""

files = sa.Table(
    "files",
    metadata,
    sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("name", sa.Text, nullable=False, unique=True),
    sa.Column("bandit", sa.Text, nullable=False),
    sa.Column("rows", sa.BigInteger, nullable=False),
    sa.Column("bytes", sa.BigInteger, nullable=False),
    sa.Column("digest", sa.Text, nullable=False),
    sa.Column("holds", sa.Text, nullable=False),
    sa.Column("partition", sa.BigInteger, nullable=False),
    sa.Column("first", sa.BigInteger, nullable=False),
    sa.Column("end", sa.BigInteger, nullable=False),
    sa.Column("newest", sa.BigInteger, nullable=False),
)
"""The manifest; `number` is the order of commits."""

sa.Index("files_by_what_they_hold", files.c.holds, files.c.number)

archived = sa.Table(
    "archived",
    metadata,
    sa.Column("partition", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("offset", sa.BigInteger, nullable=False),
)
"""Per partition the offset up to which the log's records are archived."""
