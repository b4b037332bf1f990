"""Logs in files, in the forms that other packages write. Refuses to guess a form: the ending of its name says it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from tamesu.base import Corrupt, InvalidInput, NotFound
from tamesu.base.errors import listing
from tamesu.cli.evaluate.source import Source, of_rounds
from tamesu.evaluate.exchange import Read, rounds_of_arrays, rounds_of_dsjson, rounds_of_table


def read_log(path: Path) -> Source:
    """The log in `path`: a table (.csv, .parquet), arrays (.npz), or lines of Vowpal Wabbit (.dsjson, .json).

    Raises:
        NotFound: no such file.
        InvalidInput: another ending, or a log that no policy can be judged by.
        Corrupt: a file that is not what its name says.
    """
    read = _FORMS.get(path.suffix)
    if read is None:
        raise InvalidInput(
            f"a log must end with one of {listing(_FORMS)}, got {path.name!r}",
            hint="the ending says in which form it is written; a bandit's name has none",
        )
    if not path.is_file():
        raise NotFound(f"no file {path}", hint="a log is a file, a bandit's name, or open-bandit")
    found = read(path)
    return Source(about=str(path), case=of_rounds(found.rounds, found.left))


def _table(path: Path) -> Read:
    import polars as pl

    read: Callable[[Path], pl.DataFrame] = pl.read_csv if path.suffix == ".csv" else pl.read_parquet
    try:
        rows = read(path)
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, UnicodeDecodeError) as problem:
        raise Corrupt(f"{path} must be a table, it cannot be read: {problem}") from problem
    columns: Mapping[str, Any] = {
        name.replace("-", "_"): rows[name].to_list() for name in rows.columns
    }
    return rounds_of_table(columns)


def _arrays(path: Path) -> Read:
    try:
        with np.load(path, allow_pickle=False) as held:
            arrays = {name: held[name] for name in held.files}
    except (OSError, ValueError, KeyError) as problem:
        raise Corrupt(f"{path} must be arrays by name, it cannot be read: {problem}") from problem
    return Read(rounds_of_arrays(arrays), {})


def _lines(path: Path) -> Read:
    with path.open("rb") as lines:
        return rounds_of_dsjson(lines)


_FORMS: dict[str, Callable[[Path], Read]] = {
    ".csv": _table,
    ".parquet": _table,
    ".npz": _arrays,
    ".dsjson": _lines,
    ".json": _lines,
}
