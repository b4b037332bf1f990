"""Features in SQLite: for the processes of one machine, durable at every put.

One database, WAL, `synchronous = FULL`: readers never wait for a writer, nor for its sync. Refuses to
go on with a file that was removed or replaced.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from tamesu.adapters import sqlite
from tamesu.base import Corrupt, Unavailable

VERSION = 1
"""Of the tables; a database of a newer one is refused."""

MOST_ROWS = 500
"""Keys of one statement."""

_TABLES = f"""
CREATE TABLE features (
    entity TEXT NOT NULL, key TEXT NOT NULL, body BLOB NOT NULL, PRIMARY KEY (entity, key)
) STRICT, WITHOUT ROWID;
PRAGMA user_version = {VERSION};
"""
_PUT = "INSERT OR REPLACE INTO features VALUES (?, ?, ?)"
_FIND = "SELECT key, body FROM features WHERE entity = ? AND key IN ({places})"
_DELETE = "DELETE FROM features WHERE entity = ? AND key = ?"
_ANY = "SELECT 1 FROM features LIMIT 1"


class SqliteFeatures:
    """One table in one file; any number of threads and processes share it.

    Durability: a put that returned survives a crash of process and machine. Limits: local disks.

    Args:
        path: the file, made if it is not there; others of its name with an ending lie beside it.
    """

    def __init__(self, path: Path) -> None:
        sqlite.refuse_old()
        self._path = Path(path)
        self._file = sqlite.SameFile(self._path)
        self._reading = _Connection(self._path, self._file)
        self._writing = _Connection(self._path, self._file)
        sqlite.create(self._path, _TABLES)
        self._file.remember()
        self._examine()

    def put(self, entity: str, key: str, features: Mapping[str, Any]) -> None:
        """Keeps `features`; see `tamesu.ports.Features.put`."""
        with self._writing.at_work() as connection:
            connection.execute(_PUT, (entity, key, msgspec.json.encode(features)))

    def find(self, entity: str, keys: Sequence[str]) -> list[dict[str, Any] | None]:
        """What is kept of each; see `tamesu.ports.Features.find`."""
        bodies: dict[str, bytes] = {}
        with self._reading.at_work() as connection:
            for start in range(0, len(keys), MOST_ROWS):
                some = keys[start : start + MOST_ROWS]
                statement = _FIND.format(places=", ".join("?" * len(some)))
                bodies |= dict(connection.execute(statement, (entity, *some)).fetchall())
        return [None if key not in bodies else self._read(bodies[key]) for key in keys]

    def delete(self, entity: str, key: str) -> bool:
        """Forgets one; see `tamesu.ports.Features.delete`."""
        with self._writing.at_work() as connection:
            return connection.execute(_DELETE, (entity, key)).rowcount == 1

    def empty(self) -> bool:
        """Whether nothing is kept; reads a page or two."""
        with self._reading.at_work() as connection:
            return connection.execute(_ANY).fetchone() is None

    def close(self) -> None:
        """Closes the file; a second call does nothing."""
        self._reading.close()
        self._writing.close()

    def _examine(self) -> None:
        with self._reading.at_work() as connection:
            (version,) = connection.execute("PRAGMA user_version").fetchone()
            if version > VERSION:
                raise Unavailable(
                    f"{self._path} must have version {VERSION} at most, got {version}",
                    hint="it was written by a newer version of Tamesu: use that one",
                    path=str(self._path),
                )
            connection.execute(_ANY)

    def _read(self, body: bytes) -> dict[str, Any]:
        try:
            return msgspec.json.decode(body, type=dict[str, Any])
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise Corrupt(
                f"what {self._path} keeps of a unit does not read: {error}",
                hint="put it again, or restore the file from a backup",
                path=str(self._path),
            ) from error


class _Connection:
    """One connection, for one thread at a time; opened when needed, and anew after every failure."""

    def __init__(self, path: Path, file: sqlite.SameFile) -> None:
        self._path = path
        self._file = file
        self._using = threading.Lock()
        self._open: sqlite.Connection | None = None
        self._closed = False

    @contextlib.contextmanager
    def at_work(self) -> Iterator[sqlite.Connection]:
        with self._using, sqlite.translated(self._path):
            if self._closed:
                raise Unavailable(f"{self._path} is closed", hint="open it anew")
            try:
                self._file.look()
                if self._open is None:
                    self._open = sqlite.connect(self._path)
                yield self._open
            except BaseException:
                self._drop()
                raise

    def close(self) -> None:
        with self._using:
            self._closed = True
            self._drop()

    def _drop(self) -> None:
        if self._open is not None:
            with contextlib.suppress(sqlite.Error):
                self._open.close()
            self._open = None
