"""An event log in memory: for tests, notebooks and simulation.

Lives and dies with its process. Refuses nothing that the durable logs take.
"""

from __future__ import annotations

import threading
import zlib
from bisect import bisect_left
from collections.abc import Collection, Sequence

from tamesu.base import Draft, Entry, Unavailable
from tamesu.ports import Clock, Receipt


class MemoryEventLog:
    """Lists of entries, one a partition.

    Partition: CRC-32 of the key modulo their number, so that records of one key stay together.
    Durability: none. Limits: what memory holds. Retires entry by entry.
    """

    def __init__(self, partitions: int = 1, *, clock: Clock) -> None:
        self._clock = clock
        self._entries: list[list[Entry]] = [[] for _ in range(partitions)]
        self._starts = [0] * partitions
        self._newest = [0] * partitions  # received, ms
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
                received = self._newest[number] = max(now, self._newest[number])
                receipts.append(Receipt(number, self._starts[number] + len(entries), received))
                entries.append(Entry(*receipts[-1], *draft))
            return receipts

    def read(self, partition: int, offset: int, most: int) -> list[Entry]:
        """Up to `most` entries from `offset` on; see `tamesu.ports.EventLog.read`."""
        with self._lock:
            self._refuse_closed()
            start = max(offset - self._starts[partition], 0)
            return self._entries[partition][start : start + max(most, 0)]

    def entries_of(
        self, partition: int, keys: Collection[str], start: int, end: int
    ) -> list[Entry]:
        """The entries of `keys` between two offsets; see `tamesu.ports.EventLog.entries_of`."""
        wanted = frozenset(keys)
        start = max(start, self.start(partition))
        between = self.read(partition, start, end - start) if start < end else ()
        return [entry for entry in between if entry.key in wanted]

    def end(self, partition: int) -> int:
        """The offset after the last entry; 0 for an empty partition."""
        with self._lock:
            self._refuse_closed()
            return self._starts[partition] + len(self._entries[partition])

    def start(self, partition: int) -> int:
        """The first offset that is still kept; 0 for an empty log."""
        with self._lock:
            self._refuse_closed()
            return self._starts[partition]

    def retire(self, partition: int, before: int, older_than_ms: int) -> int:
        """Drops a beginning of `partition`; see `tamesu.ports.EventLog.retire`."""
        with self._lock:
            self._refuse_closed()
            entries = self._entries[partition]
            by_offset = bisect_left(entries, before, key=lambda entry: entry.offset)
            by_time = bisect_left(entries, older_than_ms, key=lambda entry: entry.received)
            gone = min(by_offset, by_time)
            del entries[:gone]
            self._starts[partition] += gone
            return gone

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
