"""The event log: the one truth, append only.

Refuses to change or to take out what was appended.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from tamesu.base import Draft, Entry


class Receipt(NamedTuple):
    """Where an append landed: the first of its consecutive offsets, and its `received` in ms."""

    partition: int
    offset: int
    received: int


class EventLog(Protocol):
    """An ordered, durable log of records in a fixed number of partitions.

    Ordering: within a partition offsets rise and `received` never falls. All records of one key lie
    in one partition.
    """

    @property
    def partitions(self) -> int:
        """Number of partitions, fixed for the life of the log, at least 1."""
        ...

    def append(self, drafts: Sequence[Draft]) -> Sequence[Receipt]:
        """Appends `drafts`, durably and as one: all of them or none, in their order.

        Returns one receipt per draft. `received` is stamped inside the append as
        max(now, last received). Empty case: no drafts, no effect, an empty answer. Duplicate case:
        the same draft again is a new entry; the join drops repeats. Concurrent case: safe from many
        threads; appends do not interleave.

        Raises:
            Unavailable: full, read-only, down. Nothing of this call was appended unless the cause
                was the loss of the answer itself.
        """
        ...

    def read(self, partition: int, offset: int, most: int) -> Sequence[Entry]:
        """Up to `most` entries of `partition` from `offset` (inclusive) on, in order.

        Empty case: nothing at or after `offset`: an empty answer, at once. An entry is visible once
        its append returned, and never partly. A gap in offsets is skipped. Concurrent case: safe
        beside appends from other threads and processes; what was read once is never read otherwise.

        Raises:
            Corrupt: the stored bytes cannot be read.
            Unavailable: the log is down.
        """
        ...

    def end(self, partition: int) -> int:
        """The offset after the last entry; 0 for an empty partition. Raises as `read`."""
        ...

    def upkeep(self) -> None:
        """Housekeeping that the reader does for the writers (a WAL checkpoint, say); may do nothing.

        Concurrent case: safe beside appends, which never wait for it. Raises as `read`.
        """
        ...

    def close(self) -> None:
        """Lets go of files and connections; a second call does nothing."""
        ...
