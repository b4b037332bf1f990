"""An event log in SQLite: for one machine, durable at every append.

One partition. A folder holds segments, each a WAL database with `synchronous = FULL`: an append is
on the disk when it returns. Any number of processes write, one at a time inside the gate, and any
number read. Refuses to group appends of several callers: who has many of them hands them over in
one call.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

from tamesu.adapters import sqlite
from tamesu.adapters.eventlog.reader import Reader
from tamesu.adapters.eventlog.writer import Writer
from tamesu.base import Draft, Entry, Unavailable
from tamesu.base.times import HOUR_US
from tamesu.ports import Clock, Receipt

SEGMENT_BYTES = 256 << 20
SEGMENT_MS = HOUR_US // 1_000
PATIENCE_S = 1.0


class SqliteEventLog:
    """A folder of segment files, each with one table of entries.

    Durability: an append that returned survives a crash of process and machine. Limits: local disks;
    entries below 1 GB; an object is not to be used on both sides of a fork. Retires whole segments.

    Args:
        folder: where the segments are; made at the first append.
        clock: stamps `received`.
        segment_bytes: a segment of this size is followed by a new one; a writer looks at the size
            whenever it has written a quarter of a megabyte.
        segment_ms: one whose first entry is so old, too.
        patience_s: how long an append waits for other processes' appends.
    """

    def __init__(
        self,
        folder: Path,
        clock: Clock,
        *,
        segment_bytes: int = SEGMENT_BYTES,
        segment_ms: int = SEGMENT_MS,
        patience_s: float = PATIENCE_S,
    ) -> None:
        sqlite.refuse_old()
        self._folder = Path(folder)
        self._writer = Writer(self._folder, clock, segment_bytes, segment_ms, patience_s)
        self._reader = Reader(self._folder)
        self._writing = threading.Lock()
        self._reading = threading.Lock()
        self._closed = False

    @property
    def partitions(self) -> int:
        """Always 1."""
        return 1

    def append(self, drafts: Sequence[Draft]) -> list[Receipt]:
        """Appends `drafts` in one transaction; see `tamesu.ports.EventLog.append`.

        After a failure everything is opened anew, so the next append works as soon as the cause is
        gone. The reader's too: what one connection of a process has opened read-only, SQLite gives
        read-only to the next.

        Raises:
            Unavailable: the disk is full or read-only, another process was in the way for longer
                than the patience, or a file was removed or replaced.
            Corrupt: the newest segment is damaged, or no segment.
        """
        if not drafts:
            return []
        with self._writing, sqlite.translated(self._folder):
            self._refuse_closed()
            try:
                return self._writer.append(drafts)
            except BaseException:
                with self._reading:
                    self._reader.close()
                raise

    def read(self, partition: int, offset: int, most: int) -> list[Entry]:
        """Up to `most` entries from `offset` on; see `tamesu.ports.EventLog.read`.

        Raises:
            Corrupt: a segment is damaged, or missing between two others.
            Unavailable: a file cannot be opened, or was removed or replaced.
        """
        with self._looking(partition) as reader:
            return reader.read(offset, most)

    def entries_of(
        self, partition: int, keys: Collection[str], start: int, end: int
    ) -> list[Entry]:
        """The entries of `keys` between two offsets; see `tamesu.ports.EventLog.entries_of`.

        Some 2 million entries a second are passed over, in the driver: other threads go on.
        """
        with self._looking(partition) as reader:
            return reader.entries_of(keys, start, end)

    def end(self, partition: int) -> int:
        """The offset after the last entry; 0 for an empty partition."""
        with self._looking(partition) as reader:
            return reader.end()

    def start(self, partition: int) -> int:
        """The first offset that is still kept; 0 for an empty log."""
        with self._looking(partition) as reader:
            return reader.start()

    def retire(self, partition: int, before: int, older_than_ms: int) -> int:
        """Drops the segments that are old and done with; see `tamesu.ports.EventLog.retire`.

        The newest segment stays always. Room on the disk comes back once nobody has them open.
        """
        with self._looking(partition) as reader:
            return reader.retire(before, older_than_ms)

    def upkeep(self) -> None:
        """Copies the WAL into the database when a few megabytes of it wait; waits for nobody.

        Called by the reader, so that writers do not pay for it.
        """
        with self._looking(0) as reader:
            reader.upkeep()

    def close(self) -> None:
        """Closes the files; a second call does nothing."""
        with self._writing, self._reading:
            self._closed = True
            self._writer.close()
            self._reader.close()

    @contextlib.contextmanager
    def _looking(self, partition: int) -> Iterator[Reader]:
        """The reader, for one thread at a time; what it has open is opened anew after a failure."""
        if partition != 0:
            raise IndexError(f"the SQLite log has partition 0 alone, got {partition}")
        with self._reading, sqlite.translated(self._folder):
            self._refuse_closed()
            try:
                yield self._reader
            except BaseException:
                self._reader.close()
                raise

    def _refuse_closed(self) -> None:
        if self._closed:
            raise Unavailable(f"the event log in {self._folder} is closed", hint="open it anew")
