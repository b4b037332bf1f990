"""Logs out of files that others wrote. Whatever is wrong is told with the file's name.

Refuses to guess a form, and to open what could run code: arrays of Python objects.
"""

from __future__ import annotations

import codecs
import csv
import gzip
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, TypeAlias

import numpy as np

from tamesu.base import Corrupt, InvalidInput, NotFound
from tamesu.base.errors import listing
from tamesu.cli.output import progress
from tamesu.evaluate import Rounds, Slates
from tamesu.evaluate.exchange import (
    Read,
    rounds_of_arrays,
    rounds_of_dsjson,
    rounds_of_table,
    slates_of_arrays,
)
from tamesu.evaluate.exchange.arrays import READ
from tamesu.evaluate.exchange.slate_arrays import READ as READ_OF_SLATES
from tamesu.evaluate.exchange.table import KNOWN, NUMBERS, USER

if TYPE_CHECKING:
    import polars as pl

GZIP = ".gz"
_PICKLES = (".npy", ".pkl", ".pickle", ".joblib")
"""Where others keep a dictionary of arrays."""

_ROWS = "rows count from 0, the line below the header; empty ones do not count"

STEP = 1_000
"""Lines between two times that it is told how far reading has come."""

Logs: TypeAlias = Read[Rounds] | Read[Slates]


def read_file(path: Path) -> Logs:
    """The log in `path`: a table (.csv, .csv.gz, .parquet), arrays (.npz; of slates where it has slate_id), or lines of Vowpal Wabbit (.dsjson, .json, either with .gz).

    Raises:
        NotFound: no such file.
        InvalidInput: another ending, or a log that no policy can be judged by.
        Corrupt: a file that is not what its name says.
    """
    form = form_of(path)
    read = _FORMS.get(form)
    if read is None:
        raise InvalidInput(
            f"a log must end with one of {listing(_FORMS)}, got {path.name!r}",
            hint="a pickle may run any code when it is opened: write the dictionary with numpy.savez"
            if form in _PICKLES
            else "the ending says in which form it is written; a bandit's name has none",
        )
    if not path.is_file():
        raise NotFound(f"no file {path}", hint="a log is a file, a bandit's name, or open-bandit")
    try:
        return read(path)
    except InvalidInput as problem:
        hints = [problem.hint, _ROWS if form == ".csv" and " in row " in problem.message else ""]
        hint = "; ".join(filter(None, hints))
        raise type(problem)(f"{path.name}: {problem.message}", hint=hint) from problem
    except OSError as problem:
        raise Corrupt(f"{path} must be readable, it is not: {problem}") from problem


def form_of(path: Path) -> str:
    """The ending that says the form: `.dsjson` of `log.dsjson.gz`."""
    last = path.suffix.lower()
    if last == GZIP and path.with_suffix("").suffix.lower() in _ZIPPED:
        return path.with_suffix("").suffix.lower()
    return last


def _table(path: Path) -> Read[Rounds]:
    import polars as pl

    is_csv = form_of(path) != ".parquet"
    try:
        if is_csv:
            # Words all of them: digests that look like numbers, and ids such as 007, stay what they are.
            names = pl.read_csv(path, n_rows=0, infer_schema=False).columns
            # The last one, too: where a line ends too early it is missing.
            wanted = list(dict.fromkeys([*_looked_at(names), *names[-1:]]))
            rows = pl.read_csv(path, columns=wanted, infer_schema=False)
        else:
            names = list(pl.read_parquet_schema(path))
            rows = pl.read_parquet(path, columns=_looked_at(names))
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, UnicodeDecodeError) as problem:
        if is_csv:
            _refuse_ragged(path)
        why = str(problem).strip().partition("\n")[0]
        raise Corrupt(f"{path} must be a table, it cannot be read: {why}") from problem
    left: dict[str, int] = {}
    if is_csv and names and rows[names[-1]].null_count():
        _refuse_ragged(path)
        empty = rows.select(pl.all_horizontal(pl.all().is_null())).to_series()
        left = {"empty rows": int(empty.sum())} if empty.any() else {}
        rows = rows.filter(~empty)
    columns: dict[str, Any] = dict.fromkeys(names, ())
    for name in _looked_at(names):
        columns[name] = _column(rows[name])
    read = rounds_of_table(columns)
    return read._replace(left=read.left | left)


def _refuse_ragged(path: Path) -> None:
    """Raises where a line of a CSV has more or fewer fields than its header: it was cut, or two of them run together.

    Raises:
        InvalidInput: as said, with its number.
    """
    opened: Any = gzip.open if path.suffix.lower() == GZIP else open
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


def _looked_at(names: list[str]) -> list[str]:
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


def _arrays(path: Path) -> Logs:
    left: dict[str, int] = {}
    arrays: dict[str, Any] = {}
    if not zipfile.is_zipfile(path):
        raise Corrupt(
            f"{path} must be arrays by name, as numpy.savez writes them; it is something else"
        )
    try:
        with np.load(path, allow_pickle=False) as held:
            for name in (one for one in held.files if one in (*READ, *READ_OF_SLATES)):
                if _is_object(held, name):
                    left[
                        f"{name}, which is no array but a Python object, none perhaps; it is not opened"
                    ] = 1
                else:
                    arrays[name] = held[name]
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error) as problem:
        raise Corrupt(f"{path} must be arrays by name, it cannot be read: {problem}") from problem
    if arrays.get("slate_id") is not None:
        return Read(slates_of_arrays(arrays), left)
    return Read(rounds_of_arrays(arrays), left, _names(arrays))


def _names(arrays: dict[str, Any]) -> tuple[str, ...]:
    """Of the columns of contexts, where the file says them."""
    given, width = arrays.get("context_names"), np.shape(arrays.get("context", np.empty((0, 0))))[1]
    if given is None:
        return ()
    names = tuple(str(one) for one in np.ravel(given).tolist())
    if len(names) != width or len(set(names)) < width:
        raise InvalidInput(
            f"context_names must name {width} columns of context, each once, got {len(names)}"
        )
    return names


def _is_object(held: Any, name: str) -> bool:
    """Whether `name` is one Python object, which is what numpy.savez makes of none.

    Raises:
        InvalidInput: it is many.
    """
    with held.zip.open(f"{name}.npy") as member:
        version = np.lib.format.read_magic(member)
        header = (
            np.lib.format.read_array_header_1_0
            if version == (1, 0)
            else np.lib.format.read_array_header_2_0
        )
        shape, _, kind = header(member)
    if kind.hasobject and shape != ():
        raise InvalidInput(
            f"{name} must be numbers or texts, got Python objects, which are not opened",
            hint=f"give it a type before numpy.savez:  {name}.astype(str), or .astype(float)",
        )
    return bool(kind.hasobject)


def _lines(path: Path) -> Read[Rounds]:
    with path.open("rb") as file:
        packed = path.suffix.lower() == GZIP
        lines = gzip.GzipFile(fileobj=file) if packed else file
        with progress(f"reading {path.name}", "bytes", path.stat().st_size) as tell:
            try:
                return rounds_of_dsjson(_telling(lines, file, tell))
            except (gzip.BadGzipFile, EOFError, zlib.error) as problem:
                raise Corrupt(
                    f"{path} must be packed by gzip, it cannot be read: {problem}"
                ) from problem


def _telling(
    lines: Iterable[bytes], file: BinaryIO, tell: Callable[[int], None]
) -> Iterator[bytes]:
    """These lines, telling how far they have come in `file`."""
    for number, line in enumerate(lines):
        if number % STEP == 0:
            tell(file.tell())
        yield line if number else line.removeprefix(codecs.BOM_UTF8)


_FORMS: dict[str, Callable[[Path], Logs]] = {
    ".csv": _table,
    ".parquet": _table,
    ".npz": _arrays,
    ".dsjson": _lines,
    ".json": _lines,
}
_ZIPPED = (".csv", ".dsjson", ".json")
