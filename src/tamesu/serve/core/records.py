"""`Records`: every record of one decision, out of the log and out of the archive.

What is archived is found there by key; the rest of the log is read through, within limits. Refuses to
leave out anything silently: what was not looked at is said.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from typing import NamedTuple, Protocol

import structlog

from tamesu.base import Corrupt, Entry, Time, Unavailable
from tamesu.base.times import DAY_US, MILLISECOND_US
from tamesu.ports import EventLog
from tamesu.serve.core.logbook import first_since

MOST_READ = 200_000
"""Entries of the log that are read through for one decision, over all partitions."""

MOST_FILES = 300
"""Files of the archive after which the search for late records ends."""

MOST_FOUND = 50_000
"""Records of one decision that are gathered; more are told by nobody."""

CHUNK = 10_000
"""Entries read at once."""

_log = structlog.get_logger("tamesu.serve.records")


class ArchivedRecords(Protocol):
    """The log as the archive has it. One thread at a time; raises `Unavailable` and `Corrupt`."""

    def start(self, partition: int) -> int:
        """The first offset that is archived."""
        ...

    def end(self, partition: int) -> int:
        """The offset up to which records are archived; 0 before the first."""
        ...

    def read(self, partition: int, offset: int, most: int) -> Sequence[Entry]:
        """Up to `most` entries from `offset` on."""
        ...

    def find(
        self, keys: Collection[str], since: Time, until: Time | None = None
    ) -> Iterator[Sequence[Entry]]:
        """The records with one of `keys` received from `since` until about `until`, file by file."""
        ...


class Gap(NamedTuple):
    """Where records were not looked for.

    Attributes:
        since, until: received from when until when.
        why: in words.
    """

    since: Time
    until: Time
    why: str


class Found(NamedTuple):
    """The records of one decision.

    Attributes:
        entries: by partition and offset, each once.
        gaps: where more may be.
    """

    entries: list[Entry]
    gaps: list[Gap]


class Records:
    """Looks for the records of decisions. One thread at a time.

    Args:
        log: the log.
        archived: opens what the archive has of it, when it is first asked for; none where there is
            no archive.
    """

    def __init__(
        self, log: EventLog, archived: Callable[[], ArchivedRecords] | None = None
    ) -> None:
        self._log = log
        self._open = archived
        self._archived: ArchivedRecords | None = None

    def find(self, key: str, since: Time, until: Time) -> Found:
        """Every record with this key that was received from `since` until before `until`.

        Cost: of the archive what finding a key in its files costs, for `MOST_FILES` of them and one
        day more at most; of the log what is not archived, `MOST_READ` entries at most.

        Raises:
            Corrupt, Unavailable: the log cannot be read. An archive that cannot be is a gap.
        """
        gaps: list[Gap] = []
        found: dict[tuple[int, int], Entry] = {}
        offsets = [0] * self._log.partitions
        try:
            archived = self._opened()
            if archived is not None:
                ends = [archived.end(partition) for partition in range(len(offsets))]
                _gather(found, _in_archive(archived, key, since, until, gaps), until, gaps)
                offsets = ends
        except (Corrupt, Unavailable) as error:
            _log.warning("the archive cannot be searched", reason=error.message)
            gaps = [Gap(since, until, f"the archive cannot be read: {error.message}")]
        _gather(found, self._in_log(key, offsets, since, until, gaps), until, gaps)
        within = range(since // MILLISECOND_US, -(-until // MILLISECOND_US))
        entries = [found[place] for place in sorted(found) if found[place].received in within]
        return Found(entries, gaps)

    def oldest(self) -> Time | None:
        """When the first record was received that log or archive still have; none if they are empty."""
        found: list[Entry] = []
        for partition in range(self._log.partitions):
            found += self._log.read(partition, 0, 1)
            archived = self._opened()
            if archived is not None:
                found += archived.read(partition, archived.start(partition), 1)
        times = [entry.received for entry in found]
        return Time(min(times) * MILLISECOND_US) if times else None

    def _opened(self) -> ArchivedRecords | None:
        if self._archived is None and self._open is not None:
            self._archived = self._open()
        return self._archived

    def _in_log(
        self, key: str, offsets: Sequence[int], since: Time, until: Time, gaps: list[Gap]
    ) -> Iterator[Entry]:
        """What is in the log from `offsets` on."""
        left = MOST_READ
        for partition, archived in enumerate(offsets):
            end = self._log.end(partition)
            since_ms, until_ms = since // MILLISECOND_US, -(-until // MILLISECOND_US)
            offset = max(archived, first_since(self._log, partition, end, since_ms))
            while entries := self._log.read(partition, offset, min(CHUNK, left)):
                yield from (entry for entry in entries if entry.key == key)
                left -= len(entries)
                last = entries[-1]
                offset = last.offset + 1
                if last.received >= until_ms:
                    break
                if left <= 0:
                    reached = Time(last.received * MILLISECOND_US)
                    why = f"{MOST_READ:,} records of the log were read, which is the limit"
                    gaps.append(Gap(reached, until, why))
                    return


def _gather(
    found: dict[tuple[int, int], Entry], entries: Iterator[Entry], until: Time, gaps: list[Gap]
) -> None:
    """Adds `entries` to `found`, as many as one answer may hold."""
    for entry in entries:
        if len(found) >= MOST_FOUND:
            reached = Time(entry.received * MILLISECOND_US)
            gaps.append(Gap(reached, until, f"it has more than {MOST_FOUND:,} records"))
            return
        found[entry.partition, entry.offset] = entry


def _in_archive(
    archived: ArchivedRecords, key: str, since: Time, until: Time, gaps: list[Gap]
) -> Iterator[Entry]:
    """What is in the archive, a day after the other."""
    files, day = 0, since
    while day < until:
        if files >= MOST_FILES:
            why = f"{files:,} files of the archive were searched, which is the limit"
            gaps.append(Gap(day, until, why))
            return
        after = Time(min(day + DAY_US, until))
        for entries in archived.find([key], day, after):
            files += 1
            yield from entries
        day = after
