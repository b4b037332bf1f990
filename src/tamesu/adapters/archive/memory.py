"""An archive in memory: for tests, notebooks and simulation.

Lives and dies with its process. Refuses nothing that the durable archive takes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tamesu.adapters.archive.naming import name_of
from tamesu.base import Corrupt, Observations
from tamesu.ports import ArchiveFile


class MemoryArchive:
    """Observations by file name. Durability: none; `bytes` of a file is 0."""

    def __init__(self) -> None:
        self._kept: dict[str, Observations] = {}

    def write(self, stem: str, observations: Observations) -> ArchiveFile:
        """Keeps one batch; see `tamesu.ports.Archive.write`."""
        name = name_of(stem, observations)
        self._kept[name] = observations
        return ArchiveFile(name=name, bandit=observations.bandit, rows=len(observations), bytes=0)

    def read(self, files: Sequence[ArchiveFile]) -> Iterator[Observations]:
        """The observations of `files`; see `tamesu.ports.Archive.read`."""
        for file in files:
            found = self._kept.get(file.name)
            if found is None or len(found) != file.rows:
                raise Corrupt(
                    f"the archive must hold {file.name!r} with {file.rows} rows, got "
                    f"{'no such file' if found is None else len(found)}",
                    file=file.name,
                )
            yield found
