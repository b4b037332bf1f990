"""The shelf: the few segments of a folder that are open at a time.

It sees that a name goes on meaning the file that was opened, and tells a segment that was retired
from one that was taken away. Refuses to guard itself: one thread at a time.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from pathlib import Path

from tamesu.adapters import sqlite
from tamesu.adapters.eventlog import segments
from tamesu.adapters.eventlog.segment import Segment
from tamesu.base import Unavailable


class Shelf:
    """Opened segments by their first offset, the one that was asked for longest ago closed first."""

    def __init__(self, folder: Path, most: int) -> None:
        self._folder, self._most = folder, most
        self._opened: OrderedDict[int, Segment] = OrderedDict()
        self._same: dict[int, sqlite.SameFile] = {}

    def segment(self, first: int, *, over: bool = False) -> Segment | None:
        """The segment that starts at `first`, opened; none where it was retired.

        Args:
            first: its first offset.
            over: a later segment is there.

        Raises:
            Unavailable: its file was removed or replaced, or cannot be opened.
            Corrupt: its file is no segment.
        """
        path = segments.path_of(self._folder, first)
        same = self._same.setdefault(first, sqlite.SameFile(path))
        try:
            same.look()
            found = self._opened.get(first) or self._open(path, first, over=over)
        except Unavailable:
            self.put_back(first)
            if self._is_retired(first):
                del self._same[first]
                return None
            raise
        same.remember()
        self._opened.move_to_end(first)
        return found

    def put_back(self, first: int) -> None:
        """Closes a segment, if it is open."""
        found = self._opened.pop(first, None)
        if found is not None:
            found.close()

    def clear(self) -> None:
        """Closes all; what they were is remembered."""
        for first in list(self._opened):
            self.put_back(first)

    def _open(self, path: Path, first: int, *, over: bool) -> Segment:
        found = self._opened[first] = Segment(path, first, over=over)
        if len(self._opened) > self._most:
            _, oldest = self._opened.popitem(last=False)
            # Beside us: the last connection to a segment copies what waits in its WAL.
            threading.Thread(target=oldest.close, name="segment-closer", daemon=True).start()
        return found

    def _is_retired(self, first: int) -> bool:
        """Whether the log goes on, and starts after `first`."""
        there = segments.found(self._folder)
        return bool(there) and there[0] > first
