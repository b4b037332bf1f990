"""The roller: many small archive files become few, by the hour, so that a manifest stays short.

A merge is one file and one change of the manifest; killed between the two, the file is named by nobody
and goes with the sweeping. What was merged is deleted a good while later, for somebody may be reading
it. Refuses to merge what is not of one kind, bandit, declaration and partition, or not of one hour; and
what a command that waits may be reading, which would begin anew each time and never end.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from itertools import groupby

from tamesu.base import Corrupt
from tamesu.base.times import DAY_US, HOUR_US, MINUTE_US
from tamesu.engine.duty import Slice, Turn
from tamesu.ports import Archive, ArchiveFile, Holds, Store
from tamesu.ports.archive import MOST_ROWS

SPAN_US = {Holds.OBSERVATIONS: HOUR_US, Holds.RECORDS: HOUR_US, Holds.ASIDE: DAY_US}
"""How long a time the rows of one merged file may come from."""

SETTLED_US = 5 * MINUTE_US
"""How long after its end a span is merged whole: by then what belongs to it has been written."""

MOST_FILES = 64
"""Files merged at once, and so many of about one size are merged before their span is over."""

MOST_BYTES = 16 << 20
"""Bytes of files merged at once, as they lie there: bounds the time and the memory of a slice."""

_TIER_BITS = 4


class Roller:
    """Merges files that the manifest names, a few at a time."""

    name = "roller"
    every_us = MINUTE_US // 2

    def __init__(self, store: Store, archive: Archive) -> None:
        self._store, self._archive = store, archive
        self._broken: set[str] = set()

    def slice(self, turn: Turn) -> Slice:
        """Merges one group of files, the oldest that is due.

        Raises:
            Corrupt: one of them cannot be read; the next slice passes over all of them.
        """
        if turn.watermark is None:
            return Slice()
        read = {command.bandit for command in self._store.waiting()}
        files = [
            file
            for file in self._store.files()
            if file.name not in self._broken and file.bandit not in read
        ]
        some = next(_due(files, turn.watermark), None)
        if some is None:
            return Slice()
        names = "\n".join(file.name for file in some)
        digest = hashlib.blake2b(names.encode(), digest_size=8).hexdigest()
        try:
            merged = self._archive.merge(f"{turn.lease.epoch:06d}-{digest}", some)
        except Corrupt:
            self._broken |= {file.name for file in some}
            raise
        self._store.arrange(turn.lease, [merged], some)
        return Slice(more=True, counts={"archive_merged_total": len(some)})


def _due(files: Sequence[ArchiveFile], watermark: int) -> Iterator[list[ArchiveFile]]:
    """Groups of files, at least two each, that are to be merged now, the oldest first."""
    for (span, _), theirs in groupby(sorted(files, key=_order), key=_span):
        group = list(theirs)
        length = SPAN_US[group[0].holds]
        if (span + 1) * length + SETTLED_US <= watermark:
            yield from (run for run in _runs(group) if len(run) > 1)
        elif group[0].holds is not Holds.RECORDS:
            for tier in sorted({_tier(file) for file in group}):
                alike = [file for file in group if _tier(file) == tier]
                yield from (run for run in _runs(alike) if len(run) == MOST_FILES)


def _runs(files: Sequence[ArchiveFile]) -> Iterator[list[ArchiveFile]]:
    """`files` in pieces that may be merged into one each."""
    run: list[ArchiveFile] = []
    for file in files:
        if run and (
            len(run) == MOST_FILES
            or sum(one.rows for one in run) + file.rows > MOST_ROWS
            or sum(one.bytes for one in run) + file.bytes > MOST_BYTES
        ):
            yield run
            run = []
        run.append(file)
    if run:
        yield run


def _span(file: ArchiveFile) -> tuple[int, str]:
    return file.newest // SPAN_US[file.holds], file.folder


def _order(file: ArchiveFile) -> tuple[int, str, int, int, str]:
    """By span and folder; in it by time, records in log order."""
    return *_span(file), file.first, file.newest, file.name


def _tier(file: ArchiveFile) -> int:
    """Files of about one size have one: each is merged a few times, not with every small one anew."""
    return file.rows.bit_length() // _TIER_BITS
