"""`Walk`: the join driven over a log that is already written, from one place in it to the next.

What it gives by a place depends on the records before that place alone, so a walk that stops where a
trainer committed has what that trainer had. It holds what is open in the join and one read of each
partition, however long the log. Refuses to learn, and to go on over records that are gone.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from typing import Protocol

from tamesu.base import Corrupt, Entry, Kind, Time
from tamesu.join import Emitted, Fold, Lookup

READ_MOST = 20_000
"""Entries of one read, and at most between two advances of the join."""


class Source(Protocol):
    """Where a log can be read from: the log itself, or the archive of its records."""

    @property
    def partitions(self) -> int:
        """Number of partitions."""
        ...

    def read(self, partition: int, offset: int, most: int) -> Sequence[Entry]:
        """Up to `most` entries of `partition` from `offset` on, in order; see `tamesu.ports.EventLog`."""
        ...

    def start(self, partition: int) -> int:
        """The first offset that is there."""
        ...

    def end(self, partition: int) -> int:
        """The offset after the last entry that is there."""
        ...


class Walk:
    """A fold on its way through `source`.

    Args:
        source: the log.
        lookup: the clauses of a bandit's declaration, by name and number.
        bandit: only its records are joined; those of others move time. All without.
        start: per partition the offset that it begins at; none for the very beginning, which then
            must be there.

    Attributes:
        place: per partition the offset up to which it has come.
        records: how many entries it has read.

    Raises:
        Corrupt: the beginning of the log is gone.
    """

    def __init__(
        self,
        source: Source,
        lookup: Lookup,
        bandit: str | None = None,
        start: Sequence[int] | None = None,
    ) -> None:
        for partition in range(source.partitions):
            if start is None and source.start(partition):
                raise Corrupt(
                    f"the log must be there from its beginning, partition {partition} starts at "
                    f"offset {source.start(partition):,}",
                    hint="what the log has dropped may be in the archive: --from both",
                    partition=partition,
                )
        self._source = source
        self._prefix = None if bandit is None else f"{bandit}."
        self._fold = Fold(lookup, partitions=source.partitions)
        self._ahead: list[Sequence[Entry]] = [()] * source.partitions
        self._newest = [0] * source.partitions
        self.place = (0,) * source.partitions if start is None else tuple(start)
        self.records = 0

    @property
    def watermark(self) -> Time | None:
        """The log's time at this place."""
        return self._fold.watermark

    def to(self, place: Sequence[int]) -> Iterator[Emitted]:
        """What the join gives on the way to `place`, whose records it takes all and no others.

        Raises:
            Corrupt: the log ends before `place`, or cannot be read.
        """
        self._refuse_shortened(place)
        behind = [at for at, end in enumerate(place) if self.place[at] < end]
        while behind:
            # Whoever is furthest behind in time: partitions of one walk stay close together.
            partition = min(behind, key=lambda one: self._newest[one])
            entries = self._take(partition, place[partition])
            self.records += len(entries)
            self._fold.push(entries)
            yield self._fold.advance()
            behind = [at for at in behind if self.place[at] < place[at]]

    def _take(self, partition: int, end: int) -> Sequence[Entry]:
        """The next entries of `partition` below `end`; moves its place."""
        ahead = self._ahead[partition]
        if not ahead:
            ahead = self._source.read(partition, self.place[partition], READ_MOST)
        cut = len(ahead)
        if ahead and ahead[-1].offset >= end:
            cut = bisect_left(ahead, end, key=_offset_of)
        taken, ahead = ahead[:cut], ahead[cut:]
        self._ahead[partition] = ahead
        if taken:
            self._newest[partition] = taken[-1].received
        at = end if ahead or not taken else taken[-1].offset + 1
        self.place = (*self.place[:partition], at, *self.place[partition + 1 :])
        return taken if self._prefix is None else [self._only(entry) for entry in taken]

    def _only(self, entry: Entry) -> Entry:
        """`entry`, or a tick in its place where it is another bandit's."""
        if not entry.key or entry.key.startswith(self._prefix or ""):
            return entry
        return entry._replace(key="", kind=Kind.TICK.value, body=b"")

    def _refuse_shortened(self, place: Sequence[int]) -> None:
        for partition, offset in enumerate(place):
            end = self._source.end(partition)
            if end < offset:
                raise Corrupt(
                    f"the log must reach offset {offset:,} of partition {partition}, it ends at "
                    f"{end:,}",
                    hint="it is not the log that the store was made from, or a part of it is gone",
                    partition=partition,
                )


def _offset_of(entry: Entry) -> int:
    return entry.offset
