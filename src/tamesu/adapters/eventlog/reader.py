"""Reading a folder of segments as one log, and dropping its first ones.

The folder is listed when a segment is not known yet; at the end of the newest one its successor's
name is known, so that one look says whether there is one. Refuses to write entries, and to read over
a segment that is missing in the middle.
"""

from __future__ import annotations

import sys
from bisect import bisect_right
from collections.abc import Collection
from pathlib import Path

from tamesu.adapters.durable_folders import sync_folder
from tamesu.adapters.eventlog import segments
from tamesu.adapters.eventlog.segment import Segment
from tamesu.adapters.eventlog.shelf import Shelf
from tamesu.base import Corrupt, Entry

OPEN = 4
"""Segments that are open at a time: the newest, and those of somebody who looks for an old entry."""


class Reader:
    """What is asked of the segments in `folder`. One thread at a time.

    Every call raises `Corrupt` where a segment is damaged or missing, `Unavailable` where it cannot
    be opened or was taken away, `OSError` where the folder cannot be read.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._shelf = Shelf(folder, OPEN)
        self._firsts: list[int] = []

    def read(self, offset: int, most: int) -> list[Entry]:
        """Up to `most` entries from `offset` on, across segments."""
        found: list[Entry] = []
        offset = max(offset, 0)
        while len(found) < most and (segment := self._holding(offset)) is not None:
            entries = segment.read(offset, most - len(found))
            found += entries
            # Asked after the read: what came in between is read in another turn, not passed over.
            end = entries[-1].offset + 1 if entries else segment.end()
            if not entries and end > offset:
                continue
            following = self._after(segment, end) if len(found) < most else None
            if following is None:
                break
            offset = max(offset, following)
        return found

    def entries_of(self, keys: Collection[str], start: int, end: int) -> list[Entry]:
        """The entries of `keys` with start <= offset < end, across segments."""
        found: list[Entry] = []
        offset = max(start, 0)
        while keys and offset < end and (segment := self._holding(offset)) is not None:
            found += segment.entries_of(keys, offset, end)
            following = self._after(segment, segment.end())
            if following is None:
                break
            offset = max(offset, following)
        return found

    def start(self) -> int:
        """The first offset that is kept."""
        if self._holding(0) is None:
            return 0
        self._firsts = segments.found(self._folder)
        return self._firsts[0]

    def end(self) -> int:
        """The offset after the last entry."""
        newest = self._newest()
        return 0 if newest is None else newest.end()

    def upkeep(self) -> None:
        """Copies what waits in the newest segment's WAL; of others whoever closes them last does."""
        newest = self._newest()
        if newest is not None:
            newest.upkeep()

    def retire(self, before: int, older_than_ms: int) -> int:
        """Removes the first segments that lie below `before` and were received before that moment.

        A later segment with entries stays always: from it a writer knows where to go on.
        """
        gone = 0
        while (first := self._retirable(before, older_than_ms)) is not None:
            segment = self._opened(0)
            entries = 0 if segment is None else segment.end() - first
            self._shelf.put_back(first)
            if segments.remove(self._folder, first):
                gone += entries
        if gone:
            segments.sweep(self._folder)
            sync_folder(self._folder)
        return gone

    def close(self) -> None:
        """Closes what is open; the next call opens it anew."""
        self._shelf.clear()

    def _holding(self, offset: int) -> Segment | None:
        """The segment of `offset`, or the first one after it; none before the first append."""
        while True:
            self._firsts = self._firsts or segments.found(self._folder)
            if not self._firsts:
                return None
            place = max(bisect_right(self._firsts, offset) - 1, 0)
            segment = self._opened(place)
            if segment is not None:
                return segment
            self._firsts = []

    def _opened(self, place: int) -> Segment | None:
        """The segment at that place of those known, none where it was retired."""
        return self._shelf.segment(self._firsts[place], over=place < len(self._firsts) - 1)

    def _newest(self) -> Segment | None:
        segment = self._holding(sys.maxsize)
        while segment is not None:
            following = self._after(segment, segment.end())
            if following is None:
                return segment
            segment = self._holding(following)
        return None

    def _after(self, segment: Segment, end: int) -> int | None:
        """Where the segment after this one starts; none if this is the newest.

        Args:
            segment: the one that was read last.
            end: the offset after its last entry, as far as it was read.
        """
        if segment.first == self._firsts[-1]:
            if end == segment.first or not segments.path_of(self._folder, end).exists():
                return None
            self._firsts = segments.found(self._folder)
        if (following := self._known_after(segment)) != end:
            self._firsts = segments.found(self._folder)
            following = self._known_after(segment)
        if following not in {end, None} and self._firsts[0] <= segment.first:
            raise Corrupt(
                f"the segments in {self._folder} must follow each other, {segment.path.name} ends "
                f"at offset {end:,} and the next one starts at {following:,}",
                hint="bring back what is missing in between, or restore the folder from a backup",
                path=str(segment.path),
            )
        return following

    def _known_after(self, segment: Segment) -> int | None:
        later = self._firsts[bisect_right(self._firsts, segment.first) :]
        return later[0] if later else None

    def _retirable(self, before: int, older_than_ms: int) -> int | None:
        """The first segment, if it may go."""
        self._firsts = segments.found(self._folder)
        if len(self._firsts) < 2 or self._firsts[1] > before:  # noqa: PLR2004 - a first and a next
            return None
        first, following = map(self._opened, (0, 1))
        if first is None or following is None:
            return self._retirable(before, older_than_ms)
        last = first.last()
        if last is None or last[1] >= older_than_ms or following.last() is None:
            return None
        return first.first
