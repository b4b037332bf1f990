"""The archive: observations as files that last.

Refuses to say which files exist: the store's manifest does.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

import msgspec

from tamesu.base import Observations


class ArchiveFile(msgspec.Struct, frozen=True, kw_only=True):
    """One file of the archive, as the store's manifest names it.

    Attributes:
        digest: hex digest of its bytes, empty where the archive keeps none.
    """

    name: str
    bandit: str
    rows: int
    bytes: int
    digest: str = ""


class Archive(Protocol):
    """Files of observations. A file exists only once the store's manifest names it."""

    def write(self, stem: str, observations: Observations) -> ArchiveFile:
        """Writes one file durably and gives what the manifest must say of it.

        Args:
            stem: names the batch, `<epoch>-<first offset>-<end offset>`; the bandit's name and
                declaration are added, so a batch repeated under the same stem lands on its name.
            observations: the rows, at least one.

        Empty case: no rows are refused as a bug. Duplicate case: the same name is replaced as a
        whole, never half. Concurrent case: one writer.

        Raises:
            Unavailable: full or read-only; no half file is left under the name.
        """
        ...

    def read(self, files: Sequence[ArchiveFile]) -> Iterator[Observations]:
        """The observations of `files`, one batch a file, in their order.

        Raises:
            Corrupt: a file is missing, torn, damaged, or has other rows than the manifest says.
            Unavailable: a file is there and cannot be opened.
        """
        ...
