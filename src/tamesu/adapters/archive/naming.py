"""What a file of the archive is called, in every archive alike, and what is in it in short.

Refuses a file of no rows, and one whose rows do not belong together: there is nothing to call it.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence

from tamesu.base import Bug, Entry, Observations, Time
from tamesu.base.times import MILLISECOND_US
from tamesu.ports import ArchiveFile, Holds, Kept

_BANDIT = r"[a-z0-9][a-z0-9-]{0,62}"
_STEM = r"[A-Za-z0-9-]+"
_FORM = re.compile(
    rf"({_BANDIT}/[0-9]+|_records/[0-9]+|_aside/(_|{_BANDIT}))"
    rf"/({_STEM}\.parquet|\.{_STEM}\.parquet\.new)"
)
_NAME = re.compile(_BANDIT)


def is_ours(name: str) -> bool:
    """Whether `name` is of a form that an archive writes, finished or not."""
    return _FORM.fullmatch(name) is not None


def draft_of(name: str) -> str:
    """What a file is called until it is whole."""
    folder, _, last = name.rpartition("/")
    return f"{folder}/.{last}.new"


def refuse_others(files: Sequence[ArchiveFile], holds: Holds) -> None:
    """Refuses files that hold something else than `holds`: they were taken for others."""
    for file in files:
        if file.holds is not holds:
            raise Bug(f"a file of {holds} must be read here, got {file.name!r} of {file.holds}")


def observed(stem: str, observations: Observations) -> ArchiveFile:
    """A file of observations, without its bytes."""
    rows = len(observations)
    _refuse_none(rows, stem, "observations")
    bandit = observations.bandit
    return ArchiveFile(
        name=f"{bandit}/{observations.declaration}/{stem}.parquet",
        bandit=bandit,
        rows=rows,
        bytes=0,
        newest=Time(int(observations.closed.max())),
    )


def recorded(stem: str, entries: Sequence[Entry]) -> ArchiveFile:
    """A file of records, without its bytes."""
    _refuse_none(len(entries), stem, "records")
    first, last = entries[0], entries[-1]
    if (
        any(
            (one.partition, one.offset) != (first.partition, one.offset)
            or one.offset >= other.offset
            for one, other in itertools.pairwise(entries)
        )
        or last.partition != first.partition
    ):
        raise Bug(f"a file of records must hold one partition in log order, {stem!r} does not")
    return ArchiveFile(
        name=f"_records/{first.partition}/{stem}.parquet",
        bandit="",
        rows=len(entries),
        bytes=0,
        holds=Holds.RECORDS,
        partition=first.partition,
        first=first.offset,
        end=last.offset + 1,
        newest=Time(last.received * MILLISECOND_US),
    )


def kept_aside(stem: str, kept: Sequence[Kept]) -> ArchiveFile:
    """A file of records set aside, without its bytes."""
    _refuse_none(len(kept), stem, "records set aside")
    bandits = {one.aside.bandit for one in kept}
    if len(bandits) > 1:
        raise Bug(f"a file of records set aside must be of one bandit, got {sorted(bandits)}")
    (bandit,) = bandits
    return ArchiveFile(
        name=f"_aside/{bandit if _NAME.fullmatch(bandit) else '_'}/{stem}.parquet",
        bandit=bandit,
        rows=len(kept),
        bytes=0,
        holds=Holds.ASIDE,
        newest=Time(max(one.entry.received for one in kept) * MILLISECOND_US),
    )


def merged(stem: str, files: Sequence[ArchiveFile]) -> ArchiveFile:
    """The file that `files` become, without its bytes."""
    _refuse_none(len(files), stem, "files")
    folders = {file.folder for file in files}
    if len(folders) > 1:
        raise Bug(f"files that are merged must be of one folder, got {sorted(folders)}")
    first = files[0]
    return ArchiveFile(
        name=f"{first.folder}/{stem}.parquet",
        bandit=first.bandit,
        rows=sum(file.rows for file in files),
        bytes=0,
        holds=first.holds,
        partition=first.partition,
        first=min(file.first for file in files),
        end=max(file.end for file in files),
        newest=max(file.newest for file in files),
    )


def _refuse_none(rows: int, stem: str, what: str) -> None:
    if not rows:
        raise Bug(f"a file of the archive must hold at least one of {what}, got none for {stem!r}")
