"""The sweeper: deletes archive files that the manifest does not name, once nobody can mean them.

They come from a crash between a file and the commit that would have named it, and from merging. One
goes when it was named by nobody at every look for so long that no commit is under way any more that
would name it, and no reader that began while it was named. Refuses what an archive would not write.
"""

from __future__ import annotations

import structlog

from tamesu.base import Time
from tamesu.base.times import MINUTE_US
from tamesu.engine.duty import Slice, Turn
from tamesu.ports import Archive, Store

GRACE_US = 15 * MINUTE_US
"""How long a file is left alone that nobody names."""

MOST = 500
"""Files deleted in one slice."""

_log = structlog.get_logger("tamesu.engine")


class Sweeper:
    """Looks every few minutes at what lies there."""

    name = "sweeper"
    every_us = 5 * MINUTE_US

    def __init__(self, store: Store, archive: Archive) -> None:
        self._store, self._archive = store, archive
        self._seen: dict[str, Time] = {}

    def slice(self, turn: Turn) -> Slice:
        """Deletes what nobody has named for long enough."""
        # The names first: a file whose commit comes between the two looks is then one that is named.
        there = self._archive.names()
        unnamed = set(there) - {file.name for file in self._store.files()}
        self._seen = {name: self._since(name, turn.now) for name in unnamed}
        gone = sorted(name for name, since in self._seen.items() if turn.now - since >= GRACE_US)
        swept = self._archive.remove(gone[:MOST])
        if swept:
            _log.info("archive files deleted that nobody names", files=swept)
        return Slice(more=len(gone) > MOST, counts={"archive_swept_total": swept} if swept else {})

    def _since(self, name: str, now: Time) -> Time:
        """When it was first seen; a clock that was set back makes it new."""
        return min(self._seen.get(name, now), now)
