"""Corrections in SQL, within a transaction that somebody else began.

Refuses to judge the lease: that was done before.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import insert

from tamesu.adapters.store import bodies, refusals, tables
from tamesu.base import Correction, Time, encode


def keep(connection: sa.Connection, found: Sequence[Correction]) -> int:
    """Keeps those of `found` whose key is new; gives how many."""
    table = tables.corrections
    number = connection.execute(sa.select(sa.func.max(table.c.number))).scalar() or 0
    kept = 0
    for each in found:
        row = {"number": number + kept + 1, "waits": True, "body": encode(each)}
        new = insert(table).values(**row, **_key(each)).on_conflict_do_nothing()
        kept += connection.execute(new).rowcount
    return kept


def listed(
    connection: sa.Connection, path: Path, *, waiting: bool, most: int | None
) -> list[Correction]:
    """Those that wait, or those taken, in the order in which they were kept."""
    table = tables.corrections
    query = sa.select(table.c.body).where(table.c.waits == waiting).order_by(table.c.number)
    rows = connection.execute(query.limit(most))
    return [bodies.read(bodies.decode_correction, row.body, path) for row in rows]


def take(connection: sa.Connection, taken: Sequence[Correction]) -> None:
    """Those of `taken` wait no more.

    Raises:
        Conflict: one does not wait; the transaction must be given up.
    """
    table = tables.corrections
    for each in taken:
        done = connection.execute(
            table.update()
            .filter_by(**_key(each))
            .where(table.c.waits)
            .values(waits=False, body=encode(each))
        )
        if done.rowcount != 1:
            raise refusals.correction_not_waiting(each)


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


def _key(correction: Correction) -> dict[str, str | int]:
    decision_id, position, number = correction.key
    return {"decision_id": decision_id, "position": position, "correction": number}
