"""A cache in SQLite: for the server processes of one machine.

Lives as long as the machine runs, which processes may die as they like; a power cut costs repeats and
never records. Refuses to grow: at its limit the oldest claims go.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice
from pathlib import Path
from typing import TypeVar

from tamesu.adapters import sqlite
from tamesu.adapters.cache.disposable import PAUSE_S, Disposable
from tamesu.base import Time, Unavailable
from tamesu.ports import Claim, Wanted

CLAIMS = 1_000_000
"""How many claims a cache keeps if not told otherwise: at half a kilobyte each, half a gigabyte."""

VERSION = 1
"""Of the tables; a cache of another version is made anew."""

SWEEP_EVERY = 64
"""Claims between two looks for such as have ended."""

SWEPT = 4 * SWEEP_EVERY
"""Most claims taken out at once: more than came, so that they run out, and few enough to be quick."""

FILLED_AT_ONCE = 200
"""Claims of one step of a filling: some two milliseconds."""

FILLING_S = 60.0
"""How long another process that fills it is waited for, and how long filling may take."""

MOST_ROWS = 500
"""Claims of one statement."""

_TABLES = """
CREATE TABLE claims (
    key TEXT PRIMARY KEY, value BLOB NOT NULL, ends INTEGER NOT NULL, confirmed INTEGER NOT NULL
) STRICT;
CREATE INDEX claims_by_end ON claims (ends);
"""
T = TypeVar("T")

# Statements of many rows: each call of the driver gives the interpreter away, and waits to have it back.
_INSERT = "INSERT INTO claims VALUES {rows}"
_FIND = "SELECT key, value, confirmed FROM claims WHERE ends > ? AND key IN ({keys})"
_CONFIRM = (
    "UPDATE claims SET confirmed = 1 FROM (VALUES {rows}) AS known "
    "WHERE claims.key = known.column1 AND claims.value = known.column2"
)
_PUT = "INSERT OR REPLACE INTO claims VALUES (?, ?, ?, 0)"
_DROP = "DELETE FROM claims WHERE key = ? AND value = ?"
_FILL = (
    "INSERT INTO claims VALUES (?, ?, ?, 1) ON CONFLICT (key) DO UPDATE SET "
    "value = excluded.value, ends = excluded.ends, confirmed = 1 WHERE claims.ends <= ?"
)
_FILLED = "INSERT OR REPLACE INTO facts VALUES ('filled', 'yes')"
_SWEEP = "DELETE FROM claims WHERE rowid IN (SELECT rowid FROM claims WHERE ends <= ? LIMIT ?)"
_CROWD = "SELECT (SELECT max(rowid) FROM claims) - (SELECT min(rowid) FROM claims) + 1"
_OLDEST = "DELETE FROM claims WHERE rowid IN (SELECT rowid FROM claims ORDER BY rowid LIMIT ?)"


class SqliteCache:
    """One table of claims in one file; any number of threads and processes share it.

    Durability: the death of processes, not of the machine. Limits: local disks; at `claims` the
    oldest go first, whether they have ended or not.

    Args:
        path: the file; others of its name with an ending lie beside it.
        claims: how many it keeps.
    """

    def __init__(self, path: Path, claims: int = CLAIMS) -> None:
        self._path = Path(path)
        self._file = Disposable(self._path, _TABLES, VERSION)
        self._most = claims
        self._unswept = 0

    def claim(self, wanted: Sequence[Wanted], now: Time) -> list[Claim | None]:
        """Puts what is wanted where nothing live is; see `tamesu.ports.Cache.claim`."""
        if not wanted:
            return []
        with self._file.at_work() as connection:
            if len(wanted) <= MOST_ROWS and _put_all(connection, wanted):
                found: list[Claim | None] = [None] * len(wanted)
            else:
                with _step(connection):
                    found = _put_or_find(connection, wanted, now)
            self._sweep(connection, len(wanted), now)
            return found

    def find(self, keys: Sequence[str], now: Time) -> list[Claim | None]:
        """What stands live; see `tamesu.ports.Cache.find`."""
        with self._file.at_work() as connection:
            live = _live(connection, keys, now)
        return [live.get(key) for key in keys]

    def confirm(self, known: Sequence[tuple[str, bytes]]) -> None:
        """Confirms what stands; see `tamesu.ports.Cache.confirm`."""
        if not known:
            return
        with self._file.at_work() as connection:
            for some in _parts(known):
                rows = ", ".join(["(?, ?)"] * len(some))
                connection.execute(_CONFIRM.format(rows=rows), list(chain.from_iterable(some)))

    def drop(self, known: Sequence[tuple[str, bytes]]) -> int:
        """Takes out what stands; see `tamesu.ports.Cache.drop`."""
        if not known:
            return 0
        with self._file.at_work() as connection, _step(connection):
            return connection.executemany(_DROP, known).rowcount

    def filled(self) -> bool:
        """Whether `fill` has come to its end since the cache was made."""
        with self._file.at_work() as connection:
            found = connection.execute("SELECT 1 FROM facts WHERE name = 'filled'").fetchone()
            return found is not None

    def fill(self, known: Iterable[Wanted], now: Time) -> int:
        """Puts what is known from elsewhere; see `tamesu.ports.Cache.fill`.

        One process does it, and others that want to wait for it.
        """
        put = 0
        live = (row for row in known if now < row[2])
        with sqlite.translated(self._path), self._file.alone("filling", FILLING_S):
            if self.filled():
                return 0
            until = time.monotonic() + FILLING_S
            while some := list(islice(live, FILLED_AT_ONCE)):
                put += self._write(_FILL, [(*row, now) for row in some], until)
                time.sleep(PAUSE_S)  # SQLite knows no turns: others get in while we are not
            self._write(_FILLED, [()], until)
        return put

    def close(self) -> None:
        """Closes the file; a second call does nothing."""
        self._file.close()

    def _write(self, statement: str, rows: Sequence[Sequence[object]], until: float) -> int:
        """One step of filling, tried again while others keep the database busy: it has the time."""
        while True:
            try:
                with self._file.at_work() as connection, _step(connection):
                    return connection.executemany(statement, rows).rowcount
            except Unavailable as problem:
                busy = str(problem.facts.get("sqlite")).startswith("SQLITE_BUSY")
                if not busy or time.monotonic() > until:
                    raise
            time.sleep(PAUSE_S)

    def _sweep(self, connection: sqlite.Connection, put: int, now: Time) -> None:
        """Takes out claims that have ended, and the oldest where there are too many."""
        self._unswept += put
        if self._unswept < SWEEP_EVERY:
            return
        most, self._unswept = max(SWEPT, 2 * self._unswept), 0
        connection.execute(_SWEEP, (now, most))
        crowd = connection.execute(_CROWD).fetchone()[0] or 0
        if crowd > self._most:
            connection.execute(_OLDEST, (min(crowd - self._most, most),))


def _put_all(connection: sqlite.Connection, wanted: Sequence[Wanted]) -> bool:
    """Puts all or, where anything is under one of the keys, none; the usual case, in one call."""
    rows = ", ".join(["(?, ?, ?, 0)"] * len(wanted))
    try:
        connection.execute(_INSERT.format(rows=rows), list(chain.from_iterable(wanted)))
    except sqlite.driver.IntegrityError:
        return False
    return True


def _put_or_find(
    connection: sqlite.Connection, wanted: Sequence[Wanted], now: Time
) -> list[Claim | None]:
    live = _live(connection, [key for key, _, _ in wanted], now)
    found: list[Claim | None] = []
    put: list[Wanted] = []
    for key, value, end in wanted:
        standing = live.get(key)
        found.append(standing)
        if standing is None:
            live[key] = Claim(value, confirmed=False)
            put.append((key, value, end))
    connection.executemany(_PUT, put)
    return found


def _live(connection: sqlite.Connection, keys: Sequence[str], now: Time) -> dict[str, Claim]:
    """What stands under those of `keys` under which something does."""
    live: dict[str, Claim] = {}
    for some in _parts(keys):
        places = ", ".join("?" * len(some))
        rows = connection.execute(_FIND.format(keys=places), (now, *some))
        live |= {key: Claim(value, bool(confirmed)) for key, value, confirmed in rows}
    return live


def _parts(rows: Sequence[T]) -> Iterator[Sequence[T]]:
    for start in range(0, len(rows), MOST_ROWS):
        yield rows[start : start + MOST_ROWS]


@contextlib.contextmanager
def _step(connection: sqlite.Connection) -> Iterator[None]:
    """One transaction; what breaks it off drops the connection, and so undoes it."""
    connection.execute("BEGIN IMMEDIATE")
    yield
    connection.execute("COMMIT")
