"""An archive of Parquet files in a folder, by Polars.

A file is written under a temporary name, synced and renamed, so that a name always stands for a
whole file. Its footer says bandit, declaration and layout version. Refuses to read a file that is
not what the manifest says.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import polars as pl

from tamesu.adapters.archive import columns
from tamesu.adapters.archive.naming import name_of
from tamesu.adapters.durable_folders import make_folder, sync_folder
from tamesu.base import Corrupt, Observations, Unavailable
from tamesu.ports import ArchiveFile


class ParquetArchive:
    """Files `<bandit>/<declaration>/<stem>.parquet` below a folder, zstd-compressed.

    Durability: a file that `write` returned survives a crash of process and machine. Limits: one
    writer process; local disks.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = Path(folder)

    def write(self, stem: str, observations: Observations) -> ArchiveFile:
        """Writes one file durably; see `tamesu.ports.Archive.write`."""
        name = name_of(stem, observations)
        path = self._folder / name
        frame = columns.to_frame(observations)
        footer = {
            "v": str(columns.VERSION),
            "bandit": observations.bandit,
            "declaration": str(observations.declaration),
        }
        draft = path.with_name(f".{path.name}.new")
        try:
            make_folder(path.parent)
            content = io.BytesIO()
            frame.write_parquet(content, metadata=footer)
            with draft.open("wb") as file:
                file.write(content.getbuffer())
                file.flush()
                os.fsync(file.fileno())
            draft.replace(path)
            sync_folder(path.parent)
        except (OSError, pl.exceptions.PolarsError) as problem:
            with contextlib.suppress(OSError):
                draft.unlink()
            raise Unavailable(
                f"the archive file {path} cannot be written: {problem}",
                hint="see that its folder can be written and has room; nothing was left behind",
                path=str(path),
            ) from problem
        return ArchiveFile(
            name=name,
            bandit=observations.bandit,
            rows=len(observations),
            bytes=len(content.getbuffer()),
            digest=_digest(content.getbuffer()),
        )

    def read(self, files: Sequence[ArchiveFile]) -> Iterator[Observations]:
        """The observations of `files`, one batch a file; see `tamesu.ports.Archive.read`."""
        for file in files:
            yield self._read(file)

    def _read(self, file: ArchiveFile) -> Observations:
        path = self._folder / file.name
        try:
            content = path.read_bytes()
            if len(content) != file.bytes:
                raise _corrupt(path, f"{file.bytes} bytes", f"{len(content)}")
            if _digest(content) != file.digest:
                raise _corrupt(path, "the bytes that were written", "other bytes")
            footer = pl.read_parquet_metadata(io.BytesIO(content))
            if footer.get("v") != str(columns.VERSION):
                raise _corrupt(path, f"layout v {columns.VERSION}", f"v {footer.get('v')}")
            frame = pl.read_parquet(io.BytesIO(content))
            observations = columns.from_frame(frame, footer["bandit"], int(footer["declaration"]))
        except FileNotFoundError as problem:
            raise _corrupt(path, "a file", "none") from problem
        except OSError as problem:
            raise Unavailable(
                f"the archive file {path} cannot be read: {problem}",
                hint="see that this user may read it",
                path=str(path),
            ) from problem
        except _UNREADABLE as problem:
            raise _corrupt(path, "readable observations", repr(problem)[:200]) from problem
        if len(observations) != file.rows:
            raise _corrupt(path, f"{file.rows} rows", f"{len(observations)}")
        return observations


# Where the digest holds and the file still cannot be read, another program wrote it; the Parquet
# reader may then panic instead of raising an error of its own.
_UNREADABLE: tuple[type[BaseException], ...] = (
    pl.exceptions.PolarsError,
    pl.exceptions.PanicException,
    KeyError,
    ValueError,
)


def _corrupt(path: Path, must: str, got: str) -> Corrupt:
    return Corrupt(
        f"the archive file {path} must have {must}, as the manifest says, got {got}",
        hint="restore it from a backup, or rebuild the archive from the log",
        path=str(path),
    )


def _digest(content: bytes | memoryview) -> str:
    return hashlib.blake2b(content, digest_size=16).hexdigest()
