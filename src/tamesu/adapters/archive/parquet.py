"""An archive of Parquet files in a folder, by Polars.

A file is written under a temporary name, synced and renamed, so that a name always stands for a
whole file. Its footer says what it holds, of whom, and the version of its layout. Refuses to read a
file that is not what the manifest says.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec
import polars as pl

from tamesu.adapters.archive import columns, entries, naming
from tamesu.adapters.durable_folders import make_folder, sync_folder
from tamesu.base import Bug, Corrupt, Entry, Observations, Time, Unavailable
from tamesu.base.outline import Outline
from tamesu.ports import ArchiveFile, Holds, Kept

FEW = 4
"""Files up to which threads are not worth their start."""

WAITING = 16
"""Threads that wait for the disk, at most."""

ROW_GROUP = 4_000
"""Rows of records that are read at least to find one: small files, and little read of them."""

VERSIONS = {
    Holds.OBSERVATIONS: columns.VERSION,
    Holds.RECORDS: entries.VERSION,
    Holds.ASIDE: entries.VERSION,
}
TOGETHER: dict[Holds, Callable[[Sequence[pl.DataFrame]], pl.DataFrame]] = {
    Holds.OBSERVATIONS: columns.together,
    Holds.RECORDS: lambda frames: entries.by_key(pl.concat(frames)),
    Holds.ASIDE: pl.concat,
}


class ParquetArchive:
    """Files `<bandit>/<declaration>/<stem>.parquet` below a folder, zstd-compressed.

    Records are in `_records/<partition>/`, those set aside in `_aside/<bandit>/`, or `_aside/_/`
    where no bandit can be named. Durability: a file that a write returned survives a crash of process
    and machine. Limits: one writer process; local disks; a file is read as a whole, to be held against
    its digest.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = Path(folder)

    def write(self, stem: str, observations: Observations) -> ArchiveFile:
        """Writes observations durably; see `tamesu.ports.Archive.write`."""
        file = naming.observed(stem, observations)
        return self._put(file, columns.to_frame(observations), str(observations.declaration))

    def write_all(self, stem: str, groups: Sequence[Observations]) -> list[ArchiveFile]:
        """Writes observations durably; see `tamesu.ports.Archive.write_all`.

        Several threads wait for the disk, which makes many files durable about as fast as one.
        """
        if len(groups) < FEW:
            return [self.write(stem, group) for group in groups]
        with ThreadPoolExecutor(WAITING, "tamesu-archive") as pool:
            return list(pool.map(lambda group: self.write(stem, group), groups))

    def read(self, files: Sequence[ArchiveFile]) -> Iterator[Observations]:
        """The observations of `files`, one batch a file; see `tamesu.ports.Archive.read`."""
        naming.refuse_others(files, Holds.OBSERVATIONS)
        for file in files:
            with self._content(file) as (frame, footer):
                read = columns.from_frame(
                    frame.collect(), footer["bandit"], int(footer["declaration"])
                )
                self._refuse_other_rows(file, len(read))
            yield read

    def outlines(self, files: Sequence[ArchiveFile]) -> Iterator[Outline]:
        """The observations of `files` in short; see `tamesu.ports.Archive.outlines`."""
        naming.refuse_others(files, Holds.OBSERVATIONS)
        for file in files:
            with self._content(file) as (frame, footer):
                read = columns.outlined(frame, footer["bandit"], int(footer["declaration"]))
                self._refuse_other_rows(file, len(read))
            yield read

    def write_records(self, stem: str, records: Sequence[Entry]) -> ArchiveFile:
        """Writes records durably; see `tamesu.ports.Archive.write_records`."""
        return self._put(naming.recorded(stem, records), entries.to_frame(records))

    def read_records(
        self, files: Sequence[ArchiveFile], keys: Collection[str] | None = None
    ) -> Iterator[Sequence[Entry]]:
        """The records of `files`, one list a file; see `tamesu.ports.Archive.read_records`."""
        naming.refuse_others(files, Holds.RECORDS)
        for file in files:
            with self._content(file) as (frame, _):
                read = entries.from_frame(frame, file.partition, keys)
                if keys is None:
                    self._refuse_other_rows(file, len(read))
            yield read

    def sampled(
        self, files: Sequence[ArchiveFile], bandit: str, ending: str
    ) -> Iterator[Sequence[Entry]]:
        """Records of some of a bandit's decisions; see `tamesu.ports.Archive.sampled`."""
        naming.refuse_others(files, Holds.RECORDS)
        for file in files:
            with self._content(file) as (frame, _):
                read = entries.from_frame(entries.sampled(frame, bandit, ending), file.partition)
            yield read

    def heard(self, file: ArchiveFile, since: Time, until: Time) -> Mapping[str, Time]:
        """Keys of events by when they were received; see `tamesu.ports.Archive.heard`."""
        with self._content(file) as (frame, _):
            return entries.heard(frame, since, until)

    def write_aside(self, stem: str, kept: Sequence[Kept]) -> ArchiveFile:
        """Writes records set aside durably; see `tamesu.ports.Archive.write_aside`."""
        return self._put(naming.kept_aside(stem, kept), entries.aside_to_frame(kept))

    def read_aside(self, files: Sequence[ArchiveFile]) -> Iterator[Sequence[Kept]]:
        """The records set aside in `files`; see `tamesu.ports.Archive.read_aside`."""
        naming.refuse_others(files, Holds.ASIDE)
        for file in files:
            with self._content(file) as (frame, _):
                read = entries.aside_from_frame(frame.collect(), file.bandit)
                self._refuse_other_rows(file, len(read))
            yield read

    def merge(self, stem: str, files: Sequence[ArchiveFile]) -> ArchiveFile:
        """Writes what `files` hold as one; see `tamesu.ports.Archive.merge`."""
        made = naming.merged(stem, files)
        frames, declaration = [], ""
        for file in files:
            with self._content(file) as (part, footer):
                frames.append(part.collect())
                self._refuse_other_rows(file, len(frames[-1]))
                declaration = footer.get("declaration", "")
        return self._put(made, TOGETHER[made.holds](frames), declaration)

    def names(self) -> Collection[str]:
        """What lies in the folder and is of a form of ours; see `tamesu.ports.Archive.names`."""
        if not self._folder.is_dir():
            return set()
        try:
            found = {
                path.relative_to(self._folder).as_posix() for path in self._folder.glob("*/*/*")
            }
        except OSError as problem:
            raise _unreadable(self._folder, problem) from problem
        return {name for name in found if naming.is_ours(name)}

    def remove(self, names: Collection[str]) -> int:
        """Deletes files; see `tamesu.ports.Archive.remove`."""
        gone = 0
        for name in names:
            if not naming.is_ours(name):
                raise Bug(f"the archive may remove what it has written, got {name!r}")
            path = self._folder / name
            try:
                path.unlink()
            except FileNotFoundError:
                continue
            except OSError as problem:
                raise Unavailable(
                    f"the archive file {path} cannot be deleted: {problem}",
                    hint="see that its folder can be written",
                    path=str(path),
                ) from problem
            gone += 1
        return gone

    def _put(self, file: ArchiveFile, frame: pl.DataFrame, declaration: str = "") -> ArchiveFile:
        """Writes `frame` under the name of `file`, and gives `file` with its bytes."""
        path, draft = self._folder / file.name, self._folder / naming.draft_of(file.name)
        footer = {
            "v": str(VERSIONS[file.holds]),
            "holds": file.holds.value,
            "bandit": file.bandit,
            **({"declaration": declaration} if file.holds is Holds.OBSERVATIONS else {}),
        }
        group = ROW_GROUP if file.holds is Holds.RECORDS else None
        try:
            make_folder(path.parent)
            content = io.BytesIO()
            # Bounds of each column serve who looks for some rows: nobody does in a file of observations.
            bounds = file.holds is Holds.RECORDS
            frame.write_parquet(content, metadata=footer, row_group_size=group, statistics=bounds)
            with draft.open("wb") as written:
                written.write(content.getbuffer())
                written.flush()
                os.fsync(written.fileno())
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
        return msgspec.structs.replace(
            file, bytes=len(content.getbuffer()), digest=_digest(content.getbuffer())
        )

    @contextlib.contextmanager
    def _content(self, file: ArchiveFile) -> Iterator[tuple[pl.LazyFrame, dict[str, str]]]:
        """What a file holds, as the manifest says, and its footer; what fails within is told as read."""
        path = self._folder / file.name
        try:
            content = path.read_bytes()
            if len(content) != file.bytes:
                raise _corrupt(path, f"{file.bytes} bytes", f"{len(content)}")
            if _digest(content) != file.digest:
                raise _corrupt(path, "the bytes that were written", "other bytes")
            footer = pl.read_parquet_metadata(io.BytesIO(content))
            holds = footer.get("holds", Holds.OBSERVATIONS.value)
            if holds != file.holds.value:
                raise _corrupt(path, f"a file of {file.holds.value}", f"one of {holds}")
            if footer.get("v") != str(VERSIONS[file.holds]):
                raise _corrupt(path, f"layout v {VERSIONS[file.holds]}", f"v {footer.get('v')}")
            yield pl.scan_parquet(io.BytesIO(content)), footer
        except FileNotFoundError as problem:
            raise _corrupt(path, "a file", "none") from problem
        except OSError as problem:
            raise _unreadable(path, problem) from problem
        except _UNREADABLE as problem:
            raise _corrupt(path, f"readable {file.holds.value}", repr(problem)[:200]) from problem

    def _refuse_other_rows(self, file: ArchiveFile, rows: int) -> None:
        if rows != file.rows:
            raise _corrupt(self._folder / file.name, f"{file.rows} rows", f"{rows}")


# Where the digest holds and the file still cannot be read, another program wrote it; the Parquet
# reader may then panic instead of raising an error of its own.
_UNREADABLE: tuple[type[BaseException], ...] = (
    pl.exceptions.PolarsError,
    pl.exceptions.PanicException,
    KeyError,
    ValueError,
)


def _unreadable(path: Path, problem: OSError) -> Unavailable:
    return Unavailable(
        f"the archive file {path} cannot be read: {problem}",
        hint="see that this user may read it",
        path=str(path),
    )


def _corrupt(path: Path, must: str, got: str) -> Corrupt:
    return Corrupt(
        f"the archive file {path} must have {must}, as the manifest says, got {got}",
        hint="restore it from a backup, or rebuild the archive from the log",
        path=str(path),
    )


def _digest(content: bytes | memoryview) -> str:
    return hashlib.blake2b(content, digest_size=16).hexdigest()
