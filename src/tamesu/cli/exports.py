"""Rows into a file that other programs read: JSON lines, CSV or Parquet, whole or not at all.

One row at a time is in memory, however many there are. Refuses other endings of a name.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from tamesu.base import InvalidInput, Unavailable
from tamesu.base.errors import listing

Row = Mapping[str, Any]


def write_rows(path: Path, columns: Mapping[str, type], rows: Iterable[Row]) -> int:
    """Writes `rows` to `path` and gives how many they were; the file appears once it is whole.

    Args:
        path: ends with `.jsonl`, `.csv` or `.parquet`; what is there is replaced.
        columns: names, in order, and whether each is `str`, `int` or `float`; a row may have none.
        rows: with a value or none for each column.

    Raises:
        InvalidInput: another ending.
        Unavailable: the file cannot be written.
    """
    write = _WRITERS.get(path.suffix)
    if write is None:
        raise InvalidInput(
            f"the file must end with one of {listing(_WRITERS)}, got {path.name!r}",
            hint="the ending says in which form it is written",
        )
    with whole(path) as draft:
        return write(draft, columns, rows)


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """A draft to be written; it becomes `path`, whatever is there, once it is whole.

    Raises:
        Unavailable: the file cannot be written.
    """
    draft = path.with_name(f".{path.name}.new")
    try:
        yield draft
        draft.replace(path)
    except OSError as error:
        raise Unavailable(f"{path} must be writable, it is not: {error.strerror}") from error
    finally:
        draft.unlink(missing_ok=True)


def _json_lines(path: Path, columns: Mapping[str, type], rows: Iterable[Row]) -> int:
    with _opened(path) as file:
        count = 0
        for row in rows:
            count += 1
            file.write(json.dumps({name: row[name] for name in columns}, ensure_ascii=False))
            file.write("\n")
    return count


def _csv(path: Path, columns: Mapping[str, type], rows: Iterable[Row]) -> int:
    with _opened(path) as file:
        writer = csv.DictWriter(file, list(columns), extrasaction="ignore")
        writer.writeheader()
        count = 0
        for row in rows:
            count += 1
            writer.writerow(row)
    return count


def _parquet(path: Path, columns: Mapping[str, type], rows: Iterable[Row]) -> int:
    """By way of JSON lines, which Polars reads and writes piece by piece."""
    import polars as pl

    types: dict[type, Any] = {str: pl.String, int: pl.Int64, float: pl.Float64}
    lines = path.with_name(f"{path.name}.jsonl")
    try:
        count = _json_lines(lines, columns, rows)
        schema = {name: types[kind] for name, kind in columns.items()}
        if count:
            pl.scan_ndjson(lines, schema=schema).sink_parquet(path)
        else:
            pl.DataFrame(schema=schema).write_parquet(path)
    finally:
        lines.unlink(missing_ok=True)
    return count


@contextmanager
def _opened(path: Path) -> Iterator[IO[str]]:
    # A lone half of a pair of surrogates, which JSON can say and UTF-8 cannot, is written as it was said.
    with path.open("w", encoding="utf-8", errors="backslashreplace", newline="") as file:
        yield file


_WRITERS: dict[str, Callable[[Path, Mapping[str, type], Iterable[Row]], int]] = {
    ".jsonl": _json_lines,
    ".csv": _csv,
    ".parquet": _parquet,
}
