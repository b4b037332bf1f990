"""What one commit writes, table by table, within a transaction that somebody else began.

Refuses to judge the lease: that was done before.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import insert

from tamesu.adapters.store import corrections, manifest, refusals, tables
from tamesu.base import Command, Roster, Snapshot, encode
from tamesu.base.counts import LEVELS
from tamesu.ports import Commit, Declared, Deferred

MOST_NAMED = 500
"""Bandits that a statement names; of more it is cheaper to read all."""


def put(connection: sa.Connection, commit: Commit) -> None:
    """Writes all of `commit`.

    Raises:
        Conflict: something of it exists already; the transaction must be given up.
    """
    _put_progress(connection, commit)
    _put_counts(connection, commit)
    _put_snapshots(connection, commit.snapshots)
    manifest.add(connection, commit.files)
    _put_rosters(connection, commit.rosters)
    _put_commands(connection, commit.commands)
    for declared in commit.declarations:
        put_declaration(connection, declared)
    _put_deferred(connection, commit.deferred)
    corrections.take(connection, commit.corrections)


def put_declaration(connection: sa.Connection, declared: Declared) -> None:
    """Writes a declaration.

    Raises:
        Conflict: its number is not the next of its bandit; the transaction must be given up.
    """
    table = tables.declarations
    name = declared.declaration.name
    query = sa.select(sa.func.max(table.c.number)).where(table.c.bandit == name)
    last = connection.execute(query).scalar() or 0
    if declared.number != last + 1:
        raise refusals.not_next(name, declared.number, last + 1)
    row = {
        "bandit": name,
        "number": declared.number,
        "created": int(declared.created),
        "body": msgspec.json.encode(declared.declaration.plain()),
    }
    connection.execute(table.insert(), row)


def _put_progress(connection: sa.Connection, commit: Commit) -> None:
    row = {"checkpoint": commit.checkpoint, "epoch": commit.lease.epoch}
    connection.execute(
        insert(tables.progress)
        .values(id=1, **row)
        .on_conflict_do_update(index_elements=["id"], set_=row)
    )


def _put_counts(connection: sa.Connection, commit: Commit) -> None:
    """Adds sums, replaces levels."""
    for level in (False, True):
        rows = [
            {"bandit": bandit, "name": name, "value": value}
            for bandit, classes in commit.counts.items()
            for name, value in classes.items()
            if (name in LEVELS) is level
        ]
        if not rows:
            continue
        new = insert(tables.counts)
        value = new.excluded.value if level else tables.counts.c.value + new.excluded.value
        connection.execute(
            new.on_conflict_do_update(index_elements=["bandit", "name"], set_={"value": value}),
            rows,
        )


def _put_snapshots(connection: sa.Connection, snapshots: Sequence[Snapshot]) -> None:
    newest = _newest_versions(connection, {new.bandit for new in snapshots})
    rows = []
    for new in snapshots:
        last = newest.get(new.bandit, 0)
        if new.version <= last:
            raise refusals.version_exists(new.bandit, new.version, last)
        newest[new.bandit] = new.version
        body = encode(msgspec.structs.replace(new, state=b""))
        rows.append(
            {"bandit": new.bandit, "version": new.version, "body": body, "state": new.state}
        )
    if not rows:
        return
    connection.execute(tables.snapshots.insert(), rows)
    put = insert(tables.newest)
    connection.execute(
        put.on_conflict_do_update(
            index_elements=["bandit"], set_={"version": put.excluded.version}
        ),
        [{"bandit": bandit, "version": version} for bandit, version in newest.items()],
    )


def _newest_versions(connection: sa.Connection, bandits: Collection[str]) -> dict[str, int]:
    """The newest version of each of `bandits` that has one."""
    table = tables.newest
    query = sa.select(table.c.bandit, table.c.version)
    if len(bandits) <= MOST_NAMED:
        query = query.where(table.c.bandit.in_(sorted(bandits)))
    return {row.bandit: row.version for row in connection.execute(query) if row.bandit in bandits}


def _put_deferred(connection: sa.Connection, deferred: Sequence[Deferred]) -> None:
    table = tables.deferred
    for each in deferred:
        if not each.state:
            connection.execute(table.delete().where(table.c.bandit == each.bandit))
            continue
        row = {"observations": each.observations, "state": each.state}
        connection.execute(
            insert(table)
            .values(bandit=each.bandit, **row)
            .on_conflict_do_update(index_elements=["bandit"], set_=row)
        )


def _put_rosters(connection: sa.Connection, rosters: Sequence[Roster]) -> None:
    table = tables.rosters
    for roster in rosters:
        key = {"bandit": roster.bandit, "number": roster.number}
        taken = sa.select(table.c.number).filter_by(**key)
        if connection.execute(taken).first():
            raise refusals.roster_exists(roster.bandit, roster.number)
        connection.execute(table.insert(), {**key, "body": encode(roster)})


def _put_commands(connection: sa.Connection, commands: Sequence[Command]) -> None:
    table = tables.commands
    for command in commands:
        done = connection.execute(
            table.update()
            .where(table.c.number == command.number, table.c.waits)
            .values(waits=False, body=encode(command))
        )
        if done.rowcount != 1:
            raise refusals.not_waiting(command.number)
