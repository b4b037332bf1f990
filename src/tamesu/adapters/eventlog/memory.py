"""An event log in memory: for tests, notebooks and simulation.

Lives and dies with its process. Refuses nothing that the durable logs take.
"""

from __future__ import annotations

import threading
import zlib
from collections.abc import Sequence

from tamesu.base import Draft, Entry, Unavailable
from tamesu.ports import Clock, Receipt


class MemoryEventLog:
    """Lists of entries, one a partition.

    Partition: CRC-32 of the key modulo their number, so that records of one key stay together.
    Durability: none. Limits: what memory holds; nothing is ever dropped.
    """

    def __init__(self, partitions: int = 1, *, clock: Clock) -> None:
        self._clock = clock
        self._entries: list[list[Entry]] = [[] for _ in range(partitions)]
        self._lock = threading.Lock()
        self._closed = False

    @property
    def partitions(self) -> int:
        """Number of partitions, as it was made."""
        return len(self._entries)

    def append(self, drafts: Sequence[Draft]) -> list[Receipt]:
        """Appends `drafts` as one; see `tamesu.ports.EventLog.append`."""
        with self._lock:
            self._refuse_closed()
            now = self._clock.now() // 1_000
            receipts = []
            for draft in drafts:
                number = self._partition(draft.key)
                entries = self._entries[number]
                received = max(now, entries[-1].received) if entries else now
                receipts.append(Receipt(number, len(entries), received))
                entries.append(Entry(*receipts[-1], *draft))
            return receipts

    def read(self, partition: int, offset: int, most: int) -> list[Entry]:
        """Up to `most` entries from `offset` on; see `tamesu.ports.EventLog.read`."""
        with self._lock:
            self._refuse_closed()
            start = max(offset, 0)
            return self._entries[partition][start : start + max(most, 0)]

    def end(self, partition: int) -> int:
        """The offset after the last entry; 0 for an empty partition."""
        with self._lock:
            self._refuse_closed()
            return len(self._entries[partition])

    def upkeep(self) -> None:
        """Nothing to do."""

    def close(self) -> None:
        """Lets go of the entries; a second call does nothing."""
        with self._lock:
            self._closed = True
            self._entries = [[] for _ in self._entries]

    def _partition(self, key: str) -> int:
        return zlib.crc32(key.encode()) % len(self._entries)

    def _refuse_closed(self) -> None:
        if self._closed:
            raise Unavailable("the event log is closed", hint="make a new one")
