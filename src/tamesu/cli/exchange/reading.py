"""Logs out of files that others wrote. Whatever is wrong is told with the file's name.

Refuses to guess a form, and to open what could run code: arrays of Python objects.
"""

from __future__ import annotations

import codecs
import gzip
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, BinaryIO, TypeAlias

import numpy as np

from tamesu.base import Corrupt, InvalidInput, NotFound
from tamesu.base.errors import listing
from tamesu.cli.exchange.tables import read_csv, read_parquet
from tamesu.cli.output import progress
from tamesu.evaluate import Rounds, Slates
from tamesu.evaluate.exchange import (
    Read,
    rounds_of_arrays,
    rounds_of_dsjson,
    slates_of_arrays,
)
from tamesu.evaluate.exchange.arrays import READ
from tamesu.evaluate.exchange.slate_arrays import READ as READ_OF_SLATES

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
    ".csv": read_csv,
    ".parquet": read_parquet,
    ".npz": _arrays,
    ".dsjson": _lines,
    ".json": _lines,
}
_ZIPPED = (".csv", ".dsjson", ".json")
