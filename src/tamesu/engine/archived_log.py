"""The log as the archive has it: read in log order, and searched by keys.

What was retired from the log is here, what was not yet archived is not. One file at a time is in
memory. Refuses to write.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterator, Sequence

from tamesu.base import Corrupt, Entry, Time
from tamesu.ports import Archive, ArchiveFile, Holds, Store

TRIES = 3
"""How often the manifest is read again for a file that was merged into another meanwhile."""


class ArchivedLog:
    """Reads as an `EventLog` does, as far as records are archived. One thread at a time.

    Every call raises `Corrupt` where a file that the manifest names is missing, damaged or not all
    there, and `Unavailable` where store or archive is down.
    """

    def __init__(self, store: Store, archive: Archive) -> None:
        self._store, self._archive = store, archive
        self._files: dict[int, list[ArchiveFile]] = {}
        self._open: tuple[ArchiveFile, Sequence[Entry], list[int]] | None = None

    @property
    def partitions(self) -> int:
        """How many partitions were archived; 0 before the first file."""
        return len(self._store.archived())

    def end(self, partition: int) -> int:
        """The offset up to which records are archived."""
        archived = self._store.archived()
        return archived[partition] if partition < len(archived) else 0

    def start(self, partition: int) -> int:
        """The first offset that is archived; `end` where nothing is."""
        files = self._listed(partition)
        return files[0].first if files else self.end(partition)

    def read(self, partition: int, offset: int, most: int) -> Sequence[Entry]:
        """Up to `most` entries of `partition` from `offset` on, in order; see `EventLog.read`.

        What is archived while it reads may be found or not.
        """
        found: list[Entry] = []
        while len(found) < most:
            content = self._holding(partition, offset)
            if content is None:
                break
            file, entries, offsets = content
            place = bisect_left(offsets, offset)
            found += entries[place : place + most - len(found)]
            offset = file.end
        return found

    def find(
        self, keys: Collection[str], since: Time, until: Time | None = None
    ) -> Iterator[Sequence[Entry]]:
        """The records with one of `keys` that were received at `since` or later, by partition.

        In log order within a partition, file by file; a list may be empty.

        Args:
            keys: what to look for.
            since: files whose newest record is older are not looked into.
            until: nor are those that begin after it; records after it may be among what is found.
        """
        self._files.clear()
        for partition in range(self.partitions):
            before = Time(0)
            for file in self._listed(partition):
                begins, before = before, file.newest
                if file.newest < since:
                    continue
                if until is not None and begins > until:
                    break
                yield from self._archive.read_records([file], keys)

    def _holding(
        self, partition: int, offset: int
    ) -> tuple[ArchiveFile, Sequence[Entry], list[int]] | None:
        """The file with `offset`, or the first after it; none where nothing is archived there."""
        for attempt in range(TRIES):
            file = self._file(partition, offset) or self._file(partition, offset, anew=True)
            if file is None:
                return None
            if self._open is not None and self._open[0] == file:
                return self._open
            try:
                (entries,) = self._archive.read_records([file])
            except Corrupt:
                # Merged into another and removed meanwhile? Then the manifest names another.
                if attempt == TRIES - 1 or self._file(partition, offset, anew=True) == file:
                    raise
                continue
            self._open = file, entries, [entry.offset for entry in entries]
            return self._open
        return None

    def _file(self, partition: int, offset: int, *, anew: bool = False) -> ArchiveFile | None:
        if anew:
            self._files.clear()
        files = self._listed(partition)
        place = bisect_right([file.end for file in files], offset)
        return files[place] if place < len(files) else None

    def _listed(self, partition: int) -> list[ArchiveFile]:
        """The files of a partition, in log order."""
        if not self._files:
            for file in self._store.files(Holds.RECORDS):
                self._files.setdefault(file.partition, []).append(file)
            for files in self._files.values():
                files.sort(key=lambda file: file.first)
        return self._files.get(partition, [])
