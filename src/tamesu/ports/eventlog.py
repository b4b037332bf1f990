"""The event log: the one truth, append only.

Refuses to change what was appended, and to take out anything but its beginning.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple, Protocol

from tamesu.base import Draft, Entry


class Receipt(NamedTuple):
    """Where an append landed: the first of its consecutive offsets, and its `received` in ms."""

    partition: int
    offset: int
    received: int


class EventLog(Protocol):
    """An ordered, durable log of records in a fixed number of partitions.

    Ordering: within a partition offsets rise and `received` never falls, whoever appends. All
    records of one key lie in one partition. What is kept of a partition are the offsets from
    `start` to `end`.
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
        threads, and from many processes where they can share the log; appends do not interleave.

        Raises:
            Unavailable: full, read-only, down, or another writer is in the way for too long. Nothing
                of this call was appended unless the cause was the loss of the answer itself.
            Corrupt: what is stored cannot be continued.
        """
        ...

    def read(self, partition: int, offset: int, most: int) -> Sequence[Entry]:
        """Up to `most` entries of `partition` from `offset` (inclusive) on, in order.

        Empty case: nothing at or after `offset`: an empty answer, at once. An entry is visible once
        its append returned, and never partly. A gap in offsets is skipped. Concurrent case: safe
        beside appends from other threads and processes; what was read once is never read otherwise.
        What was retired is such a gap: reading goes on at `start`.

        Raises:
            Corrupt: the stored bytes cannot be read.
            Unavailable: the log is down.
        """
        ...

    def entries_of(
        self, partition: int, keys: Collection[str], start: int, end: int
    ) -> Sequence[Entry]:
        """The entries of `keys` with start <= offset < end, in order; otherwise as `read`.

        Looks through all that lie there, at less cost than reading them. Empty case: no keys, or
        nothing of theirs: an empty answer. Memory: as many as are found.
        """
        ...

    def end(self, partition: int) -> int:
        """The offset after the last entry; 0 for an empty partition. Raises as `read`.

        It never falls: not when everything before it was retired.
        """
        ...

    def start(self, partition: int) -> int:
        """The first offset that is still kept; 0 for an empty log. Raises as `read`.

        At most `end`, and at it where all entries were retired. It never falls.
        """
        ...

    def retire(self, partition: int, before: int, older_than_ms: int) -> int:
        """Drops a beginning of `partition` for good; gives how many entries went.

        Args:
            partition: which one.
            before: an offset. No entry at or after it goes.
            older_than_ms: a moment, as `received` is one. No entry received at or after it goes.

        Entries go in the units in which the log keeps them, so that some may stay that could have
        gone; never others. Empty case, duplicate case: nothing to drop, 0. Concurrent case: safe
        beside appends and reads; of two that retire the same, the answers add up to what went.
        Raises as `read`.
        """
        ...

    def upkeep(self) -> None:
        """Housekeeping that the reader does for the writers (a WAL checkpoint, say); may do nothing.

        Concurrent case: safe beside appends, which never wait for it. Raises as `read`.
        """
        ...

    def close(self) -> None:
        """Lets go of files and connections; a second call does nothing."""
        ...
