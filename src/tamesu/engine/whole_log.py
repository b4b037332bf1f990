"""`WholeLog`: the log from its beginning, what was retired of it read from the archive.

Refuses to write.
"""

from __future__ import annotations

from collections.abc import Sequence

from tamesu.base import Entry
from tamesu.engine.archived_log import ArchivedLog
from tamesu.ports import Archive, EventLog, Store


class WholeLog:
    """Reads as an `EventLog` does, as if nothing had ever been retired from it. One thread at a time."""

    def __init__(self, log: EventLog, store: Store, archive: Archive) -> None:
        self._log, self._archived = log, ArchivedLog(store, archive)

    @property
    def partitions(self) -> int:
        """Number of partitions."""
        return self._log.partitions

    def read(self, partition: int, offset: int, most: int) -> Sequence[Entry]:
        """Up to `most` entries of `partition` from `offset` on, in order."""
        if offset >= self._log.start(partition):
            found = self._log.read(partition, offset, most)
            # What was retired meanwhile is missing from it, and archived.
            if offset >= self._log.start(partition):
                return found
        return self._archived.read(partition, offset, most)

    def start(self, partition: int) -> int:
        """The first offset that is there: the archive's, where the log has lost its beginning."""
        start = self._log.start(partition)
        return min(start, self._archived.start(partition)) if start else 0

    def end(self, partition: int) -> int:
        """The offset after the last entry."""
        return self._log.end(partition)
