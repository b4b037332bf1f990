"""Sums of what the archive holds: in memory, and as Parquet files in a folder, by Polars.

A file says in its name of how many rows its sums are, so that one look at the folder says what is there.
Refuses to keep two of one group: of what a crash left the one of more rows counts.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path

import msgspec
import polars as pl

from tamesu.adapters.durable_folders import make_folder, sync_folder
from tamesu.base import Corrupt, Sum, Time, Unavailable
from tamesu.ports import Group

_FILE = re.compile(r"([0-9]+)-([0-9]+)\.parquet")
_SCHEMA = {
    "hour": pl.Int64,
    "arm": pl.String,
    "deliveries": pl.Int64,
    "fallbacks": pl.Int64,
    "observed": pl.Int64,
    "corrections": pl.Int64,
    # Exact, and larger than any integer of Parquet may be.
    "reward": pl.String,
}


class MemoryAggregates:
    """Sums by group. Durability: none."""

    def __init__(self) -> None:
        self._kept: dict[Group, tuple[int, Sequence[Sum]]] = {}

    def rows(self) -> Mapping[Group, int]:
        """Of how many rows each group's sums are; see `tamesu.ports.Aggregates.rows`."""
        return {group: rows for group, (rows, _) in self._kept.items()}

    def write(self, group: Group, rows: int, sums: Sequence[Sum]) -> None:
        """Keeps the sums of a group; see `tamesu.ports.Aggregates.write`."""
        if rows >= self.rows().get(group, 0):
            self._kept[group] = rows, list(sums)

    def read(self, groups: Collection[Group]) -> Iterator[Sequence[Sum]]:
        """The sums of `groups`; see `tamesu.ports.Aggregates.read`."""
        for group in groups:
            if group not in self._kept:
                raise _corrupt("memory", group, "there is none")
            yield list(self._kept[group][1])


class ParquetAggregates:
    """Files `<bandit>/<declaration>/<hour>-<rows>.parquet` below a folder.

    Durability: what `write` returned survives a crash of process and machine. Limits: local disks.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = Path(folder)

    def rows(self) -> Mapping[Group, int]:
        """Of how many rows each group's sums are; see `tamesu.ports.Aggregates.rows`."""
        rows: dict[Group, int] = {}
        for group, of, _ in self._files():
            rows[group] = max(of, rows.get(group, 0))
        return rows

    def write(self, group: Group, rows: int, sums: Sequence[Sum]) -> None:
        """Keeps the sums of a group; see `tamesu.ports.Aggregates.write`."""
        path = self._path(group, rows)
        draft = path.with_name(f".{path.name}.{os.getpid()}.new")
        content = io.BytesIO()
        _to_frame(sums).write_parquet(content, metadata={"v": "1"})
        try:
            make_folder(path.parent)
            with draft.open("wb") as file:
                file.write(content.getbuffer())
                file.flush()
                os.fsync(file.fileno())
            draft.replace(path)
            sync_folder(path.parent)
            for known, of, other in self._files(path.parent):
                if known == group and of < rows:
                    other.unlink(missing_ok=True)
        except OSError as problem:
            with contextlib.suppress(OSError):
                draft.unlink()
            raise Unavailable(
                f"the file {path} cannot be written: {problem}",
                hint="see that its folder can be written and has room",
                path=str(path),
            ) from problem

    def read(self, groups: Collection[Group]) -> Iterator[Sequence[Sum]]:
        """The sums of `groups`; see `tamesu.ports.Aggregates.read`."""
        rows = self.rows()
        for group in groups:
            path = self._path(group, rows.get(group, 0))
            try:
                yield _from_frame(pl.read_parquet(io.BytesIO(path.read_bytes())))
            except FileNotFoundError as problem:
                raise _corrupt(str(self._folder), group, "there is none") from problem
            except OSError as problem:
                raise Unavailable(f"{path} cannot be read: {problem}") from problem
            except _UNREADABLE as problem:
                raise _corrupt(str(path), group, repr(problem)[:200]) from problem

    def _path(self, group: Group, rows: int) -> Path:
        folder = self._folder / group.bandit / str(group.declaration)
        return folder / f"{group.hour:07d}-{rows}.parquet"

    def _files(self, folder: Path | None = None) -> list[tuple[Group, int, Path]]:
        """Every file, or those of one folder: its group, of how many rows it is, where it is."""
        found = []
        paths = self._folder.glob("*/*/*.parquet") if folder is None else folder.glob("*.parquet")
        for path in paths:
            parts = _FILE.fullmatch(path.name)
            if parts is not None and path.parent.name.isdecimal():
                hour, rows = map(int, parts.groups())
                group = Group(path.parent.parent.name, int(path.parent.name), hour)
                found.append((group, rows, path))
        return found


_UNREADABLE: tuple[type[BaseException], ...] = (
    pl.exceptions.PolarsError,
    pl.exceptions.PanicException,
    KeyError,
    ValueError,
)


def _to_frame(sums: Sequence[Sum]) -> pl.DataFrame:
    rows = [{**msgspec.structs.asdict(one), "reward": str(one.reward)} for one in sums]
    return pl.DataFrame(rows, schema=_SCHEMA)


def _from_frame(frame: pl.DataFrame) -> list[Sum]:
    return [
        Sum(**{**row, "hour": Time(row["hour"]), "reward": int(row["reward"])})
        for row in frame.select(list(_SCHEMA)).to_dicts()
    ]


def _corrupt(where: str, group: Group, got: str) -> Corrupt:
    return Corrupt(
        f"{where} must have the sums of {tuple(group)}, got {got}",
        hint="delete the folder of the aggregates: they are made again from the archive",
    )
