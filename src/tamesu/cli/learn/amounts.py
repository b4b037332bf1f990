"""Later values out of a file: who, when and how much, as a company's books have them.

Refuses rows that say none of it, and to be silent about rows of nobody it knows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tamesu.base import InvalidInput, Time
from tamesu.base.reward import MAX_VALUE
from tamesu.cli.given import given_table

KEYS = ("delivery", "unit")
"""What a row may be about: one delivery, or whoever it was for."""


@dataclass(frozen=True, eq=False)
class Amounts:
    """m rows of a file.

    Attributes:
        file: its name.
        key: `delivery` or `unit`.
        whose: (m,) texts.
        at: (m,) microseconds.
        amount: (m,).
    """

    file: str
    key: str
    whose: NDArray[np.object_]
    at: NDArray[np.int64]
    amount: NDArray[np.float64]


def read_amounts(path: Path) -> Amounts:
    """The rows of a CSV or Parquet file with the columns `delivery` or `unit`, `time`, and `value`.

    Without `value` each row counts 1.

    Raises:
        InvalidInput: no such file, other columns, or a row without a key, a moment or a finite value.
    """
    frame = given_table(path)
    found = [name for name in KEYS if name in frame.columns]
    if len(found) != 1 or "time" not in frame.columns:
        raise InvalidInput(
            f"{path.name} must have the columns time and one of {' and '.join(KEYS)}, got "
            f"{', '.join(frame.columns) or 'none'}",
            hint="a third one, value, says how much; without it each row counts 1",
        )
    key = found[0]
    at = _times(frame["time"], path)
    whose = frame[key].cast(pl.String)
    amount = np.ones(frame.height)
    if "value" in frame.columns:
        amount = frame["value"].cast(pl.Float64, strict=False).fill_null(np.nan).to_numpy()
    wrong = int(np.count_nonzero(~(np.abs(amount) <= MAX_VALUE))) or whose.null_count()
    if wrong:
        raise InvalidInput(
            f"every row of {path.name} must have a {key} and a value within ±2^31, {wrong:,} have not",
            hint="a delivery of which nothing came has no row",
        )
    if not frame.height:
        raise InvalidInput(f"{path.name} must have rows, it has none")
    return Amounts(path.name, key, whose.to_numpy().astype(object), at, amount)


def _times(column: pl.Series, path: Path) -> NDArray[np.int64]:
    """(m,) microseconds."""
    if column.null_count():
        raise InvalidInput(
            f"every row of {path.name} must have a time, {column.null_count():,} have none"
        )
    if isinstance(column.dtype, pl.Datetime):
        if column.dtype.time_zone is None:
            raise InvalidInput(
                f"every time in {path.name} must be of a time zone, these are of none",
                hint='for example  frame["time"].dt.tz_localize("UTC")  in pandas',
            )
        utc = column.dt.convert_time_zone("UTC")
        micros: NDArray[np.int64] = utc.dt.epoch("us").to_numpy().astype(np.int64)
        return micros
    texts = column.cast(pl.String)
    try:
        # Few moments are the same, but dates without a time of day are.
        known: Mapping[str, int] = {text: Time.parse(text) for text in texts.unique()}
    except InvalidInput as problem:
        raise InvalidInput(f"in {path.name} {problem.message}", hint=problem.hint) from problem
    return np.array([known[text] for text in texts], dtype=np.int64)
