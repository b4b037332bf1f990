"""An event log in SQLite: for one machine, durable at every append.

One partition. A folder holds segment files, named by their first offset; this version has one. It
is a WAL database with `synchronous = FULL`: an append is on the disk when it returns. One process
writes (a lock file says which), any number read. Refuses to group appends of several callers: who
has many of them hands them over in one call.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path

from tamesu.adapters import sqlite
from tamesu.adapters.eventlog.writer_lock import WriterLock
from tamesu.base import Draft, Entry, TamesuError, Unavailable
from tamesu.ports import Clock, Receipt

SEGMENT = "00000000000000000000.sqlite3"
"""The segment of offsets from 0 on: twenty digits, so that names sort as offsets do."""

UPKEEP_BYTES = 16 << 20
"""Unchecked WAL above which the reader's upkeep copies it into the database."""

FINISH_BYTES = 1 << 20
"""Unchecked WAL below which the writer finishes a checkpoint that the reader has all but done."""

WAL_BYTES = 64 << 20
"""Unchecked WAL above which the writer's process copies it itself, for nobody does the upkeep; at twice
that the writer stops to do it: a flood leaves no gap to finish in."""

_LOOK_EVERY = 64
"""Entries between two looks of the writer at the size of the WAL."""

_TABLE = """
CREATE TABLE entries (
    offset INTEGER PRIMARY KEY,
    received INTEGER NOT NULL,
    key TEXT NOT NULL,
    kind TEXT NOT NULL,
    body BLOB NOT NULL
) STRICT;
"""
_LAST = "SELECT offset, received FROM entries ORDER BY offset DESC LIMIT 1"
_ROW = "(?, ?, ?, ?, ?)"
_INSERT = [f"INSERT INTO entries VALUES {', '.join([_ROW] * rows)}" for rows in range(65)]  # noqa: S608 - constants
"""Statements for so many rows: a statement of its own is a transaction of its own."""

_READ = (
    "SELECT 0, offset, received, key, kind, body FROM entries "
    "WHERE offset >= ? ORDER BY offset LIMIT ?"
)


class SqliteEventLog:
    """One table of entries in one file.

    Durability: an append that returned survives a crash of process and machine. Limits: one writer
    process (another is refused, by process id); local disks; entries below 1 GB.
    """

    def __init__(self, folder: Path, clock: Clock) -> None:
        sqlite.refuse_old()
        self._path = Path(folder) / SEGMENT
        self._file = sqlite.SameFile(self._path)
        self._clock = clock
        self._lock = WriterLock(self._path.with_name("writer.lock"))
        self._writing = threading.Lock()
        self._reading = threading.Lock()
        self._writer: sqlite.Connection | None = None
        self._reader: sqlite.Connection | None = None
        self._page_bytes = 4096
        self._entries = 0
        self._last: tuple[int, int] | None = None  # offset and received of the newest, if known
        self._copier: threading.Thread | None = None
        self._closed = False

    @property
    def partitions(self) -> int:
        """Always 1."""
        return 1

    def reserve(self) -> None:
        """Becomes the log's writer now, not at the first append; it is until `close`.

        Raises:
            Unavailable: another process writes this log, or the folder cannot be written.
        """
        with self._writing, sqlite.translated(self._path):
            self._refuse_closed()
            self._lock.take()

    def append(self, drafts: Sequence[Draft]) -> list[Receipt]:
        """Appends `drafts` in one transaction; see `tamesu.ports.EventLog.append`.

        After a failure the connection is opened anew, so the next append works as soon as the cause
        is gone.

        Raises:
            Unavailable: the disk is full or read-only, another process writes this log, or its file
                was removed or replaced.
        """
        if not drafts:
            return []
        with self._writing:
            self._refuse_closed()
            with sqlite.translated(self._path):
                self._file.look()
                try:
                    connection = self._open_writer()
                    receipts = self._insert(connection, drafts)
                except BaseException:
                    self._drop_writer()
                    raise
            self._look_after_wal(connection, len(drafts))
            return receipts

    def read(self, partition: int, offset: int, most: int) -> list[Entry]:
        """Up to `most` entries from `offset` on; see `tamesu.ports.EventLog.read`."""
        _refuse_partition(partition)
        with self._looking() as connection:
            if connection is None:
                return []
            rows = connection.execute(_READ, (offset, max(most, 0))).fetchall()
        return list(map(Entry._make, rows))

    def end(self, partition: int) -> int:
        """The offset after the last entry; 0 for an empty partition."""
        _refuse_partition(partition)
        with self._looking() as connection:
            last = None if connection is None else connection.execute(_LAST).fetchone()
        return 0 if last is None else int(last[0]) + 1

    def start(self, partition: int) -> int:
        """Always 0: the one segment is kept."""
        _refuse_partition(partition)
        return 0

    def retire(self, partition: int, before: int, older_than_ms: int) -> int:  # noqa: ARG002 - one segment
        """Nothing goes: the one segment is the newest."""
        _refuse_partition(partition)
        return 0

    def upkeep(self) -> None:
        """Copies the WAL into the database when a few megabytes of it wait; waits for nobody.

        Called by the reader, so that writers do not pay for it.
        """
        with self._looking() as connection:
            if connection is not None and self._unchecked_bytes(connection) > UPKEEP_BYTES:
                connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()

    def close(self) -> None:
        """Closes the files and lets the next writer in; a second call does nothing."""
        with self._writing, self._reading:
            self._closed = True
            if self._copier is not None:
                self._copier.join()
            self._drop_writer()
            self._drop_reader()
            self._lock.release()

    def _insert(self, connection: sqlite.Connection, drafts: Sequence[Draft]) -> list[Receipt]:
        """One transaction, in as few calls as can be: each gives the interpreter away and back."""
        if self._last is None:
            self._last = connection.execute(_LAST).fetchone() or (-1, 0)
        start = self._last[0] + 1
        received = max(self._clock.now() // 1_000, self._last[1])
        rows = [(offset, received, *draft) for offset, draft in enumerate(drafts, start)]
        if len(rows) < len(_INSERT):
            connection.execute(_INSERT[len(rows)], list(chain.from_iterable(rows)))
        else:
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany(_INSERT[1], rows)
            connection.execute("COMMIT")
        self._last = (start + len(rows) - 1, received)
        return [Receipt(0, offset, received) for offset in range(start, start + len(rows))]

    def _look_after_wal(self, connection: sqlite.Connection, entries: int) -> None:
        """Keeps the WAL bounded; its failure is no failure of the append before it.

        A checkpoint beside a busy writer never catches up with it, and only a WAL that was copied
        to its end starts over. So the reader's upkeep copies the bulk, and the writer the rest.
        """
        self._entries += entries
        if self._entries < _LOOK_EVERY:
            return
        self._entries = 0
        with contextlib.suppress(sqlite.Error):
            _, frames, copied = connection.execute("PRAGMA wal_checkpoint(NOOP)").fetchone()
            waiting = (frames - copied) * self._page_bytes
            nearly = copied * self._page_bytes > UPKEEP_BYTES and waiting < FINISH_BYTES
            if (nearly and waiting) or frames * self._page_bytes > 2 * WAL_BYTES:
                connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
            elif waiting > WAL_BYTES and (self._copier is None or not self._copier.is_alive()):
                self._copier = threading.Thread(target=self._copy, name="wal-copier", daemon=True)
                self._copier.start()

    def _copy(self) -> None:
        """Copies the WAL beside the appends, which do not wait for it: nobody does the upkeep."""
        with contextlib.suppress(sqlite.Error, TamesuError):
            connection = sqlite.connect(self._path)
            try:
                connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
            finally:
                connection.close()

    def _unchecked_bytes(self, connection: sqlite.Connection) -> int:
        _, frames, copied = connection.execute("PRAGMA wal_checkpoint(NOOP)").fetchone()
        return int(frames - copied) * self._page_bytes

    def _open_writer(self) -> sqlite.Connection:
        if self._writer is None:
            self._lock.take()
            sqlite.create(self._path, _TABLE)
            self._writer = sqlite.connect(self._path)
            self._file.remember()
            self._writer.execute("PRAGMA wal_autocheckpoint = 0")
        return self._writer

    def _drop_writer(self) -> None:
        self._last = None
        if self._writer is not None:
            with contextlib.suppress(sqlite.Error):
                self._writer.close()
            self._writer = None

    @contextlib.contextmanager
    def _looking(self) -> Iterator[sqlite.Connection | None]:
        """The reading connection, or none before the first append; opened anew after a failure."""
        with self._reading, sqlite.translated(self._path):
            self._refuse_closed()
            self._file.look()
            if self._reader is None and self._path.exists():
                self._reader = sqlite.connect(self._path)
                self._file.remember()
            try:
                yield self._reader
            except BaseException:
                self._drop_reader()
                raise

    def _drop_reader(self) -> None:
        if self._reader is not None:
            with contextlib.suppress(sqlite.Error):
                self._reader.close()
            self._reader = None

    def _refuse_closed(self) -> None:
        if self._closed:
            raise Unavailable(
                f"the event log in {self._path.parent} is closed", hint="open it anew"
            )


def _refuse_partition(partition: int) -> None:
    if partition != 0:
        raise IndexError(f"the SQLite log has partition 0 alone, got {partition}")
