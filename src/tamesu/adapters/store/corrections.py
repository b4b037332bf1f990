"""Corrections in SQL, within a transaction that somebody else began.

Refuses to judge the lease: that was done before.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import insert

from tamesu.adapters.store import bodies, refusals, tables
from tamesu.base import Correction, Time, encode


def keep(connection: sa.Connection, found: Sequence[Correction]) -> int:
    """Keeps those of `found` whose key is new; gives how many."""
    table = tables.corrections
    number = connection.execute(sa.select(sa.func.max(table.c.number))).scalar() or 0
    rows = [
        {"number": place, "waits": True, "body": encode(each), **_key(each)}
        for place, each in enumerate(found, number + 1)
    ]
    return _changed(connection, insert(table).on_conflict_do_nothing(), rows)


def listed(
    connection: sa.Connection, path: Path, *, waiting: bool, most: int | None
) -> list[Correction]:
    """Those that wait, or those taken, in the order in which they were kept."""
    table = tables.corrections
    query = sa.select(table.c.body).where(table.c.waits == waiting).order_by(table.c.number)
    rows = connection.execute(query.limit(most))
    return [bodies.read(bodies.decode_correction, row.body, path) for row in rows]


def taken_by(
    connection: sa.Connection, path: Path, bandit: str, after: int, until: int
) -> list[Correction]:
    """Those of `bandit` that snapshots after < version <= until took, in the order in which they were kept.

    The database looks into the bodies, so that only what is found is read here; a bandit's are together
    in the index, for a decision id begins with its bandit's name and a dot.
    """
    table = tables.corrections
    version = sa.func.json_extract(sa.cast(table.c.body, sa.Text), "$.snapshot")
    query = (
        sa.select(table.c.body)
        .where(
            table.c.decision_id >= f"{bandit}.",
            table.c.decision_id < f"{bandit}/",  # a slash comes next after a dot
            ~table.c.waits,
            version > after,
            version <= until,
        )
        .order_by(table.c.number)
    )
    rows = connection.execute(query)
    return [bodies.read(bodies.decode_correction, row.body, path) for row in rows]


def take(connection: sa.Connection, taken: Sequence[Correction]) -> None:
    """Those of `taken` wait no more.

    Raises:
        Conflict: one does not wait; the transaction must be given up.
    """
    table = tables.corrections
    named = {f"of_{name}": table.c[name] for name in ("decision_id", "position", "correction")}
    statement = (
        table.update()
        .where(table.c.waits, *(column == sa.bindparam(name) for name, column in named.items()))
        .values(waits=False, body=sa.bindparam("taken"))
    )
    rows = [
        {**{f"of_{name}": value for name, value in _key(each).items()}, "taken": encode(each)}
        for each in taken
    ]
    done = _changed(connection, statement, rows)
    if done != len(rows):
        raise refusals.corrections_not_waiting(len(rows) - done, len(rows))


def put_judged(connection: sa.Connection, moments: Mapping[str, Time]) -> None:
    """Up to where what came too late has been judged, by bandit."""
    for bandit, moment in moments.items():
        row = {"bandit": bandit, "moment": int(moment)}
        connection.execute(
            insert(tables.judged)
            .values(row)
            .on_conflict_do_update(index_elements=["bandit"], set_=row)
        )


def judged(connection: sa.Connection) -> dict[str, Time]:
    """Up to where what came too late has been judged; empty at first."""
    rows = connection.execute(sa.select(tables.judged))
    return {row.bandit: Time(row.moment) for row in rows}


def _changed(
    connection: sa.Connection, statement: sa.Insert | sa.Update, rows: Sequence[Mapping[str, Any]]
) -> int:
    """Executes `statement` for each of `rows`, built once; gives how many changed anything."""
    return connection.execute(statement, rows).rowcount if rows else 0


def _key(correction: Correction) -> dict[str, str | int]:
    decision_id, position, number = correction.key
    return {"decision_id": decision_id, "position": position, "correction": number}
