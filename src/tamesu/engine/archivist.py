"""The archivist: copies the log into the archive, record by record, once it is learnt.

What is archived is a beginning of what was committed, so that the log may forget it. A slice is one
file and one change of the manifest with the offsets behind it: killed between the two, the file is
named by nobody, and its successor writes it again under its own epoch. Refuses to judge a record.
"""

from __future__ import annotations

import structlog

from tamesu.base.times import MILLISECOND_US, MINUTE_US
from tamesu.engine.duty import Slice, Turn
from tamesu.ports import Archive, EventLog, Store

SLICE = 25_000
"""Records of a file as the archivist writes it; read and written in less than a fifth of a second."""

AGE_US = MINUTE_US
"""Records are archived when so many wait as make a slice, or when the oldest is this old."""

LOOK_US = 5_000_000
"""How often to look whether a slice has come together."""

_log = structlog.get_logger("tamesu.engine")


class Archivist:
    """Writes files of records, each of one partition and at most `SLICE` rows.

    Args:
        log: where they come from.
        store: its manifest.
        archive: where they go.
    """

    name = "archivist"
    every_us = LOOK_US

    def __init__(self, log: EventLog, store: Store, archive: Archive) -> None:
        self._log, self._store, self._archive = log, store, archive

    def slice(self, turn: Turn) -> Slice:
        """Archives up to `SLICE` records of one partition."""
        archived = list(self._store.archived() or (0,) * len(turn.read))
        for partition, (first, end) in enumerate(zip(archived, turn.read, strict=True)):
            if end - first < SLICE and not self._is_due(partition, first, end, turn):
                continue
            read = self._log.read(partition, first, min(SLICE, end - first))
            entries = [entry for entry in read if entry.offset < end]
            if not entries:
                # A gap, up to what was learnt: there is nothing to archive in it.
                archived[partition] = end
                self._store.arrange(turn.lease, [], [], archived)
                return Slice(more=True)
            self._tell_gap(partition, first, entries[0].offset)
            stem = f"{turn.lease.epoch:06d}-{entries[0].offset:012d}-{entries[-1].offset + 1:012d}"
            file = self._archive.write_records(stem, entries)
            archived[partition] = file.end
            self._store.arrange(turn.lease, [file], [], archived)
            return Slice(more=True, counts={"archived_total": file.rows})
        return Slice()

    def _is_due(self, partition: int, first: int, end: int, turn: Turn) -> bool:
        """Whether the first of the records that wait is old enough to take so few."""
        if end <= first:
            return False
        waiting = self._log.read(partition, first, 1)
        received = waiting[0].received * MILLISECOND_US if waiting else 0
        return not 0 <= turn.now - received < AGE_US

    def _tell_gap(self, partition: int, wanted: int, found: int) -> None:
        """Says once what can no longer be archived: it was retired before there was an archive."""
        if found > wanted:
            _log.warning(
                "the log begins after what is archived",
                partition=partition,
                archived=wanted,
                start=found,
            )
