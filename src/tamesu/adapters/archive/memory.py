"""An archive in memory: for tests, notebooks and simulation.

Lives and dies with its process. Refuses nothing that the durable archive takes.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from tamesu.adapters.archive import naming
from tamesu.base import Bug, Corrupt, Entry, Kind, Observations, Time
from tamesu.base.outline import Outline
from tamesu.base.times import MILLISECOND_US
from tamesu.ports import ArchiveFile, Holds, Kept


class MemoryArchive:
    """Contents by file name. Durability: none; `bytes` of a file is 0."""

    def __init__(self) -> None:
        self._kept: dict[str, Any] = {}

    def write(self, stem: str, observations: Observations) -> ArchiveFile:
        """Keeps one batch; see `tamesu.ports.Archive.write`."""
        return self._put(naming.observed(stem, observations), observations)

    def write_all(self, stem: str, groups: Sequence[Observations]) -> list[ArchiveFile]:
        """Keeps several batches; see `tamesu.ports.Archive.write_all`."""
        return [self.write(stem, group) for group in groups]

    def read(self, files: Sequence[ArchiveFile]) -> Iterator[Observations]:
        """The observations of `files`; see `tamesu.ports.Archive.read`."""
        naming.refuse_others(files, Holds.OBSERVATIONS)
        for file in files:
            yield self._content(file)

    def outlines(self, files: Sequence[ArchiveFile]) -> Iterator[Outline]:
        """The observations of `files` in short; see `tamesu.ports.Archive.outlines`."""
        return map(Outline.of, self.read(files))

    def write_records(self, stem: str, records: Sequence[Entry]) -> ArchiveFile:
        """Keeps records; see `tamesu.ports.Archive.write_records`."""
        return self._put(naming.recorded(stem, records), list(records))

    def read_records(
        self, files: Sequence[ArchiveFile], keys: Collection[str] | None = None
    ) -> Iterator[Sequence[Entry]]:
        """The records of `files`; see `tamesu.ports.Archive.read_records`."""
        naming.refuse_others(files, Holds.RECORDS)
        for file in files:
            entries = self._content(file)
            yield [entry for entry in entries if keys is None or entry.key in keys]

    def sampled(
        self, files: Sequence[ArchiveFile], bandit: str, ending: str
    ) -> Iterator[Sequence[Entry]]:
        """Records of some of a bandit's decisions; see `tamesu.ports.Archive.sampled`."""
        for entries in self.read_records(files):
            yield [
                one
                for one in entries
                if one.key.startswith(f"{bandit}.") and one.key.endswith(ending)
            ]

    def heard(self, file: ArchiveFile, since: Time, until: Time) -> Mapping[str, Time]:
        """Keys of events by when they were received; see `tamesu.ports.Archive.heard`."""
        newest: dict[str, Time] = {}
        for entry in self._content(file):
            received = Time(entry.received * MILLISECOND_US)
            if entry.kind == Kind.EVENT and since <= received < until:
                newest[entry.key] = max(received, newest.get(entry.key, received))
        return newest

    def write_aside(self, stem: str, kept: Sequence[Kept]) -> ArchiveFile:
        """Keeps records set aside; see `tamesu.ports.Archive.write_aside`."""
        return self._put(naming.kept_aside(stem, kept), list(kept))

    def read_aside(self, files: Sequence[ArchiveFile]) -> Iterator[Sequence[Kept]]:
        """The records set aside in `files`; see `tamesu.ports.Archive.read_aside`."""
        naming.refuse_others(files, Holds.ASIDE)
        for file in files:
            yield list(self._content(file))

    def merge(self, stem: str, files: Sequence[ArchiveFile]) -> ArchiveFile:
        """Keeps what `files` hold as one; see `tamesu.ports.Archive.merge`."""
        made = naming.merged(stem, files)
        parts = [self._content(file) for file in files]
        if made.holds is Holds.OBSERVATIONS:
            return self._put(made, Observations.concatenate(parts))
        rows = [row for part in parts for row in part]
        if made.holds is Holds.RECORDS:
            rows.sort(key=lambda entry: entry.offset)
        return self._put(made, rows)

    def names(self) -> Collection[str]:
        """Every file; see `tamesu.ports.Archive.names`."""
        return set(self._kept)

    def remove(self, names: Collection[str]) -> int:
        """Forgets files; see `tamesu.ports.Archive.remove`."""
        for name in names:
            if not naming.is_ours(name):
                raise Bug(f"the archive may remove what it has written, got {name!r}")
        return sum(self._kept.pop(name, None) is not None for name in names)

    def _put(self, file: ArchiveFile, content: Any) -> ArchiveFile:
        self._kept[file.name] = content
        return file

    def _content(self, file: ArchiveFile) -> Any:
        found = self._kept.get(file.name)
        if found is None or len(found) != file.rows:
            raise Corrupt(
                f"the archive must hold {file.name!r} with {file.rows} rows, got "
                f"{'no such file' if found is None else len(found)}",
                file=file.name,
            )
        return found
