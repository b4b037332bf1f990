"""Tables out of files: words of a CSV, or columns of a Parquet file. Refuses lines that were cut, or run together."""

from __future__ import annotations

import csv
import gzip
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tamesu.base import Corrupt, InvalidInput
from tamesu.evaluate import Rounds
from tamesu.evaluate.exchange import Read, rounds_of_table
from tamesu.evaluate.exchange.table import KNOWN, NUMBERS, USER

if TYPE_CHECKING:
    import polars as pl


def read_parquet(path: Path) -> Read[Rounds]:
    """The log in a Parquet file.

    Raises:
        InvalidInput: values that cannot be.
        Corrupt: it is no such file.
    """
    import polars as pl

    with _as_table(path):
        names = list(pl.read_parquet_schema(path))
        rows = pl.read_parquet(path, columns=_looked_at(names))
    return _read(names, rows)


def read_csv(path: Path) -> Read[Rounds]:
    """The log in a CSV, which may be packed by gzip; empty rows are counted.

    Raises:
        InvalidInput: values that cannot be, or a line with more or fewer fields than the header.
        Corrupt: it is no such file.
    """
    import polars as pl

    try:
        with _as_table(path):
            # Words all of them: digests that look like numbers, and ids such as 007, stay what they are.
            names = pl.read_csv(path, n_rows=0, infer_schema=False).columns
            # The last one, too: where a line ends too early it is missing.
            wanted = list(dict.fromkeys([*_looked_at(names), *names[-1:]]))
            rows = pl.read_csv(path, columns=wanted, infer_schema=False)
    except Corrupt:
        _refuse_ragged(path)
        raise
    left: dict[str, int] = {}
    if names and rows[names[-1]].null_count():
        _refuse_ragged(path)
        empty = rows.select(pl.all_horizontal(pl.all().is_null())).to_series()
        left = {"empty rows": int(empty.sum())} if empty.any() else {}
        rows = rows.filter(~empty)
    read = _read(names, rows)
    return read._replace(left=read.left | left)


@contextmanager
def _as_table(path: Path) -> Iterator[None]:
    """What says that a file cannot be read, in our words."""
    import polars as pl

    try:
        yield
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, UnicodeDecodeError) as problem:
        why = str(problem).strip().partition("\n")[0]
        raise Corrupt(f"{path} must be a table, it cannot be read: {why}") from problem


def _read(names: Sequence[str], rows: pl.DataFrame) -> Read[Rounds]:
    columns: dict[str, Any] = dict.fromkeys(names, ())
    for name in _looked_at(names):
        columns[name] = _column(rows[name])
    return rounds_of_table(columns)


def _refuse_ragged(path: Path) -> None:
    """Raises where a line of a CSV has more or fewer fields than its header: it was cut, or two of them run together.

    Raises:
        InvalidInput: as said, with its number.
    """
    opened: Any = gzip.open if path.suffix.lower() == ".gz" else open
    with opened(path, "rt", encoding="utf-8-sig", errors="replace", newline="") as file:
        lines = csv.reader(file)
        width = len(next(lines, []))
        try:
            for fields in lines:
                if fields and len(fields) != width:
                    raise InvalidInput(
                        f"line {lines.line_num} must have {width} fields as the header has, got {len(fields)}"
                    )
        except (csv.Error, EOFError, zlib.error):
            return  # what else is wrong is told by whoever met it


def _looked_at(names: Sequence[str]) -> list[str]:
    return [name for name in names if name in KNOWN or name.startswith(USER)]


def _column(column: pl.Series) -> Any:
    """Numbers where each value is one, or where each must be; else as it is."""
    import polars as pl

    if column.dtype.is_temporal():
        return column.to_numpy()
    must = column.name in NUMBERS
    if column.dtype == pl.String and (must or column.name.startswith(USER)):
        numbers = column.str.strip_chars().cast(pl.Float64, strict=False)
        # A cell that is there and is no number.
        wrong = numbers.is_null() & column.is_not_null() & (column != "")
        if wrong.any():
            if must:
                row = wrong.arg_max() or 0
                raise InvalidInput(
                    f"{column.name} must be numbers, got {column[row][:40]!r} in row {row} "
                    f"({wrong.sum():,} of {len(column):,} rows)"
                )
            return column.to_list()
        if must or numbers.fill_null(0.0).is_finite().all():
            missing = float("nan") if must else 0.0
            return numbers.fill_null(missing).to_numpy()
    return column.to_numpy() if column.dtype.is_numeric() else column.to_list()
