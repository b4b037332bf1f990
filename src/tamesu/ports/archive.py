"""The archive: what was learnt from, and the log itself, as files that last.

Three kinds of files: observations as they were emitted (corrections are rows of their own), the
records of the log with their `received`, and records that were set aside. Refuses to say which files
exist: the store's manifest does.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from enum import StrEnum
from typing import NamedTuple, Protocol

import msgspec

from tamesu.base import Entry, Observations, SetAside, Time
from tamesu.base.outline import Outline

MOST_ROWS = 250_000
"""Most rows that a file is to have: what reads a file has it in memory whole."""


class Holds(StrEnum):
    """What a file of the archive holds."""

    OBSERVATIONS = "observations"
    RECORDS = "records"
    ASIDE = "aside"


class ArchiveFile(msgspec.Struct, frozen=True, kw_only=True):
    """One file of the archive, as the store's manifest names it.

    Attributes:
        bandit: whose rows they are; empty for records, which are of all.
        digest: hex digest of its bytes, empty where the archive keeps none.
        holds: what it holds.
        partition, first, end: of records, which part of the log: offsets first <= o < end.
        newest: the newest moment in it: `closed` of observations, `received` of records; 0 in files
            that older versions of Tamesu wrote.
    """

    name: str
    bandit: str
    rows: int
    bytes: int
    digest: str = ""
    holds: Holds = Holds.OBSERVATIONS
    partition: int = 0
    first: int = 0
    end: int = 0
    newest: Time = Time(0)

    @property
    def folder(self) -> str:
        """Its name without its stem: the same for files of one kind, bandit, declaration, partition."""
        return self.name.rpartition("/")[0]

    @property
    def declaration(self) -> int:
        """Of observations, the number of the declaration under which they were decided."""
        return int(self.folder.rpartition("/")[2])


class Kept(NamedTuple):
    """A record that was set aside, as it stood in the log."""

    aside: SetAside
    entry: Entry


class Archive(Protocol):
    """Files that exist only once the store's manifest names them.

    Each `write…` is durable when it returns. Duplicate case: the same name is replaced as a whole,
    never half. Empty case: no rows are refused as a bug. Concurrent case: one writer. They raise
    `Unavailable` where the archive is full or read-only; no half file is left under the name.

    Each `read…` raises `Corrupt` where a file is missing, torn, damaged, or has other rows than the
    manifest says, and `Unavailable` where it is there and cannot be opened. A file of another kind
    than it reads is refused as a bug, before any is read.
    """

    def write(self, stem: str, observations: Observations) -> ArchiveFile:
        """Writes a file of observations and gives what the manifest must say of it.

        Args:
            stem: names the batch, `<epoch>-<first offset>-<end offset>`; the bandit's name and
                declaration are added, so a batch repeated under the same stem lands on its name.
            observations: the rows, at least one.
        """
        ...

    def write_all(self, stem: str, groups: Sequence[Observations]) -> list[ArchiveFile]:
        """Writes a file for each of `groups`, as `write` does, and gives what it gives, in their order.

        No two of `groups` are of one bandit and declaration. Many cost less than as many writes; all
        of them are durable when it returns. Where it raises, some may lie there: nobody names them.
        Empty case: no groups, no file.
        """
        ...

    def read(self, files: Sequence[ArchiveFile]) -> Iterator[Observations]:
        """The observations of `files`, one batch a file, in their order."""
        ...

    def outlines(self, files: Sequence[ArchiveFile]) -> Iterator[Outline]:
        """The observations of `files` in short, one outline a file, in their order.

        Each is `Outline.of` what `read` gives; the cost is that of its columns alone, and one file is
        in memory at a time.
        """
        ...

    def write_records(self, stem: str, records: Sequence[Entry]) -> ArchiveFile:
        """Writes a file of records of one partition, at least one, in log order."""
        ...

    def read_records(
        self, files: Sequence[ArchiveFile], keys: Collection[str] | None = None
    ) -> Iterator[Sequence[Entry]]:
        """The records of `files`, one list a file, each in log order.

        Args:
            files: of records.
            keys: only records with one of these keys; the cost then is that of finding them.
        """
        ...

    def sampled(
        self, files: Sequence[ArchiveFile], bandit: str, ending: str
    ) -> Iterator[Sequence[Entry]]:
        """The records of decisions of `bandit` whose ids end with `ending`, one list a file.

        Ids end at random, in hexadecimal: one more letter of `ending` is a sixteenth of the decisions,
        the same ones in every file, each with all that came of it. An empty `ending` is all of them.
        """
        ...

    def heard(self, file: ArchiveFile, since: Time, until: Time) -> Mapping[str, Time]:
        """Which keys a file of records has events of, received at `since` or later and before `until`.

        Each with the newest moment at which one was received; empty for none. The cost is that of
        keys, not of records. Raises as a read.
        """
        ...

    def write_aside(self, stem: str, kept: Sequence[Kept]) -> ArchiveFile:
        """Writes a file of records set aside, at least one, all of one bandit."""
        ...

    def read_aside(self, files: Sequence[ArchiveFile]) -> Iterator[Sequence[Kept]]:
        """The records set aside in `files`, one list a file, as they were written."""
        ...

    def merge(self, stem: str, files: Sequence[ArchiveFile]) -> ArchiveFile:
        """Writes one file of all rows of `files`, at least one, all of one `folder`, in their order.

        It reads back as `files` do, one after another; records as one list in log order. The files
        stay. Raises as a write and as a read.
        """
        ...

    def names(self) -> Collection[str]:
        """What lies there and may be a file of ours, or half of one that was never finished.

        More than the manifest names: what a crash left, and what was merged. What is not of a form
        that this archive writes is somebody else's and not among them.

        Raises:
            Unavailable: the folder cannot be read.
        """
        ...

    def remove(self, names: Collection[str]) -> int:
        """Deletes files that the manifest does not name; gives how many went.

        Empty case, duplicate case: what is not there is no matter. Refuses as a bug what `names`
        would never give.

        Raises:
            Unavailable: one cannot be deleted.
        """
        ...
