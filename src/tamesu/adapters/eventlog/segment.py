"""One segment of the log, opened: a connection to its file, and what is asked of it.

A WAL database with `synchronous = FULL`: what was inserted is on the disk. Errors of the driver are
translated here. Refuses to know its neighbours, and to guard itself: one thread at a time.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Collection, Sequence
from itertools import chain
from operator import itemgetter
from pathlib import Path

from tamesu.adapters import sqlite
from tamesu.adapters.eventlog.segments import VERSION
from tamesu.base import Corrupt, Entry, TamesuError

UPKEEP_BYTES = 16 << 20
"""Unchecked WAL above which the reader's upkeep copies it into the database."""

FINISH_BYTES = 1 << 20
"""Unchecked WAL below which a writer finishes a checkpoint that the reader has all but done."""

WAL_BYTES = 64 << 20
"""Unchecked WAL above which a writer's process copies it itself, for nobody does the upkeep; at twice
that the writer stops to do it: a flood leaves no gap to finish in."""

LOOK_BYTES = 256 << 10
"""What a writer writes between two of its looks at the sizes."""

_COMMIT_BYTES = 8192
"""What a commit adds to the WAL besides the bodies: a page or two."""

_PAGE_BYTES = 4096
_FIRST = "SELECT offset, received FROM entries ORDER BY offset LIMIT 1"
_LAST = "SELECT offset, received FROM entries ORDER BY offset DESC LIMIT 1"
_ROW = "(?, ?, ?, ?, ?)"
_INSERT = [f"INSERT INTO entries VALUES {', '.join([_ROW] * rows)}" for rows in range(65)]  # noqa: S608 - constants
"""Statements for so many rows: a statement of its own is a transaction of its own."""

_READ = (
    "SELECT 0, offset, received, key, kind, body FROM entries "
    "WHERE offset >= ? ORDER BY offset LIMIT ?"
)

_OF_KEYS = (
    "SELECT 0, offset, received, key, kind, body FROM entries "
    "WHERE offset >= ? AND offset < ? AND key IN ({places}) ORDER BY offset"
)

MOST_KEYS = 1_000
"""Keys of one statement."""

Row = tuple[int, int, str, str, bytes]
"""Offset, received, key, kind, body."""


class Segment:
    """The entries from offset `first` on, up to the next segment's first.

    Args:
        path: its file.
        first: its first offset, as the file's name says.
        over: a later segment is there, so nothing is written into this one any more.

    Attributes:
        first: as given.
        born: when its first entry was received (ms), none while it is empty.
        bytes: its size at the last look, with what waits in the WAL.

    Raises:
        Corrupt: the file is no segment, one of a newer version, or its name is not its own.
        Unavailable: it cannot be opened.
    """

    def __init__(self, path: Path, first: int, *, over: bool = False) -> None:
        self.path, self.first = path, first
        self.born: int | None = None
        self.bytes = 0
        self._unseen_bytes = LOOK_BYTES
        self._copier: threading.Thread | None = None
        with sqlite.translated(path):
            try:
                self._open()
            except sqlite.Error:
                # With no room for the files beside it, one that is over can be read as it lies there.
                if not over or _waits(path):
                    raise
                self._open(frozen=True)

    def read(self, offset: int, most: int) -> list[Entry]:
        """Up to `most` entries from `offset` on."""
        with sqlite.translated(self.path):
            rows = self._connection.execute(_READ, (offset, most)).fetchall()
        return list(map(Entry._make, rows))

    def entries_of(self, keys: Collection[str], start: int, end: int) -> list[Entry]:
        """The entries of `keys` with start <= offset < end."""
        rows: list[tuple[int, int, int, str, str, bytes]] = []
        wanted = list(dict.fromkeys(keys))
        with sqlite.translated(self.path):
            for first in range(0, len(wanted), MOST_KEYS):
                some = wanted[first : first + MOST_KEYS]
                statement = _OF_KEYS.format(places=", ".join("?" * len(some)))
                rows += self._connection.execute(statement, (start, end, *some)).fetchall()
        rows.sort(key=itemgetter(1))
        return list(map(Entry._make, rows))

    def last(self) -> tuple[int, int] | None:
        """Offset and received of the last entry; none while it is empty."""
        with sqlite.translated(self.path):
            found: tuple[int, int] | None = self._connection.execute(_LAST).fetchone()
        return found

    def end(self) -> int:
        """The offset after the last entry."""
        last = self.last()
        return self.first if last is None else last[0] + 1

    def insert(self, rows: Sequence[Row]) -> None:
        """One transaction, in as few calls as can be: each gives the interpreter away and back."""
        with sqlite.translated(self.path):
            if len(rows) < len(_INSERT):
                self._connection.execute(_INSERT[len(rows)], list(chain.from_iterable(rows)))
            else:
                self._connection.execute("BEGIN IMMEDIATE")
                self._connection.executemany(_INSERT[1], rows)
                self._connection.execute("COMMIT")
        self.born = rows[0][1] if self.born is None else self.born
        self._unseen_bytes += _COMMIT_BYTES + sum(len(row[4]) for row in rows)

    def seal(self) -> None:
        """Makes its end final; for a writer inside the gate, before it makes a successor.

        Who was killed between the sync of a commit and the WAL's index has left entries that nobody
        sees, but for whoever makes the index anew later. The next commit writes over them: here one
        that changes nothing.
        """
        with sqlite.translated(self.path):
            self._connection.execute("BEGIN IMMEDIATE")
            self._connection.execute(f"PRAGMA user_version = {self._version}")
            self._connection.execute("COMMIT")

    def tend(self) -> None:
        """Looks at the sizes now and then, and keeps the WAL bounded; for a writer inside the gate.

        A checkpoint beside busy writers never catches up with them, and only a WAL that was copied
        to its end starts over. So the reader's upkeep copies the bulk, and a writer the rest. A
        failure here is no failure of the append before it.
        """
        if self._unseen_bytes < LOOK_BYTES:
            return
        self._unseen_bytes = 0
        with contextlib.suppress(sqlite.Error):
            (pages,) = self._connection.execute("PRAGMA page_count").fetchone()
            self.bytes = pages * _PAGE_BYTES
            waiting, copied = self._wal_bytes()
            nearly = copied > UPKEEP_BYTES and waiting < FINISH_BYTES
            if (nearly and waiting) or waiting + copied > 2 * WAL_BYTES:
                self._connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
            elif waiting > WAL_BYTES and (self._copier is None or not self._copier.is_alive()):
                self._copier = threading.Thread(target=self._copy, name="wal-copier", daemon=True)
                self._copier.start()

    def upkeep(self) -> None:
        """Copies the WAL into the database when a few megabytes of it wait; for the reader."""
        with sqlite.translated(self.path):
            if self._wal_bytes()[0] > UPKEEP_BYTES:
                self._connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()

    def close(self) -> None:
        """Closes the connection; the last one of all copies what waits in the WAL, which may take."""
        if self._copier is not None:
            self._copier.join()
        with contextlib.suppress(sqlite.Error):
            self._connection.close()

    def _open(self, *, frozen: bool = False) -> None:
        self._connection = sqlite.connect(self.path, frozen=frozen)
        try:
            self._connection.execute("PRAGMA wal_autocheckpoint = 0")
            self._examine()
        except BaseException:
            self._connection.close()
            raise

    def _examine(self) -> None:
        (version,) = self._connection.execute("PRAGMA user_version").fetchone()
        self._version: int = version
        if version > VERSION:
            raise Corrupt(
                f"{self.path} must be a segment of version {VERSION} at most, got {version}",
                hint="it was written by a newer version of Tamesu: use that one",
                path=str(self.path),
            )
        table = "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'entries'"
        if self._connection.execute(table).fetchone() is None:
            raise Corrupt(
                f"{self.path} must be a segment of an event log, it has no table of entries",
                hint="restore it from a backup, or move it away if it does not belong here",
                path=str(self.path),
            )
        beginning = self._connection.execute(_FIRST).fetchone()
        if beginning is None:
            return
        offset, self.born = beginning
        if offset != self.first:
            raise Corrupt(
                f"{self.path} must start at the offset of its name, it starts at {offset}",
                hint="give it its own name back, or restore it from a backup",
                path=str(self.path),
            )

    def _wal_bytes(self) -> tuple[int, int]:
        """Bytes of the WAL that wait to be copied, and that are copied."""
        _, frames, copied = self._connection.execute("PRAGMA wal_checkpoint(NOOP)").fetchone()
        return (frames - copied) * _PAGE_BYTES, copied * _PAGE_BYTES

    def _copy(self) -> None:
        """Copies the WAL beside the appends, which do not wait for it: nobody does the upkeep."""
        with contextlib.suppress(sqlite.Error, TamesuError):
            connection = sqlite.connect(self.path)
            try:
                connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
            finally:
                connection.close()


def _waits(path: Path) -> bool:
    """Whether anything may wait in the WAL of the database at `path`."""
    try:
        return path.with_name(f"{path.name}-wal").stat().st_size > 0
    except FileNotFoundError:
        return False
