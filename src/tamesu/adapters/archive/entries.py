"""Records of the log as a Polars frame and back, exactly; those that were set aside too.

In a file of records the rows are sorted by (key, offset), so that a few keys are found without
reading the rest. Refuses to look into a record: its body is bytes, whatever they are.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import polars as pl

from tamesu.base import Aside, Entry, Kind, SetAside, Time
from tamesu.base.times import MILLISECOND_US
from tamesu.ports import Kept

VERSION = 1
"""The number of this layout of columns, kept in every file's footer as `v`."""

_SCHEMA = {
    "offset": pl.Int64,
    "received": pl.Int64,
    "key": pl.String,
    "kind": pl.String,
    "body": pl.Binary,
}
_ASIDE = {"why": pl.String, "reason": pl.String, "partition": pl.Int64}


def to_frame(entries: Sequence[Entry]) -> pl.DataFrame:
    """One row per record of one partition, by (key, offset)."""
    return by_key(_columns([entry[1:] for entry in entries], _SCHEMA))


def by_key(frame: pl.DataFrame) -> pl.DataFrame:
    """The rows of `frame` in the order in which a file keeps them."""
    return frame.sort("key", "offset")


def from_frame(
    frame: pl.LazyFrame, partition: int, keys: Collection[str] | None = None
) -> list[Entry]:
    """The records in log order, those of `keys` alone where some are named.

    Raises:
        pl.exceptions.PolarsError: a column is missing, or the bytes are no such frame.
    """
    if keys is not None:
        frame = frame.filter(pl.col("key").is_in(list(keys)))
    found = frame.select(list(_SCHEMA)).collect().sort("offset")
    columns = [found[name].to_list() for name in _SCHEMA]
    return [Entry(partition, *row) for row in zip(*columns, strict=True)]


def sampled(frame: pl.LazyFrame, bandit: str, ending: str) -> pl.LazyFrame:
    """The rows of `frame` whose key is of `bandit` and ends with `ending`."""
    key = pl.col("key")
    return frame.filter(key.str.starts_with(f"{bandit}."), key.str.ends_with(ending))


def heard(frame: pl.LazyFrame, since: Time, until: Time) -> dict[str, Time]:
    """Per key the newest moment of its events received at `since` or later and before `until`.

    Raises:
        pl.exceptions.PolarsError: a column is missing, or the bytes are no such frame.
    """
    received = pl.col("received") * MILLISECOND_US
    found = (
        frame.filter(pl.col("kind") == Kind.EVENT.value, received >= since, received < until)
        .group_by("key")
        .agg(received.max())
        .collect()
    )
    moments = zip(found["key"].to_list(), found["received"].to_list(), strict=True)
    return {key: Time(moment) for key, moment in moments}


def aside_to_frame(kept: Sequence[Kept]) -> pl.DataFrame:
    """One row per record that was set aside, in their order."""
    rows = [(*entry[1:], aside.why.value, aside.reason, entry.partition) for aside, entry in kept]
    return _columns(rows, {**_SCHEMA, **_ASIDE})


def aside_from_frame(frame: pl.DataFrame, bandit: str) -> list[Kept]:
    """What `aside_to_frame` made `frame` of.

    Raises:
        pl.exceptions.PolarsError: a column is missing.
        ValueError: a reason to set aside that this version does not know.
    """
    columns = [frame[name].to_list() for name in (*_SCHEMA, *_ASIDE)]
    kept = []
    for offset, received, key, kind, body, why, reason, partition in zip(*columns, strict=True):
        aside = SetAside(
            why=Aside(why),
            bandit=bandit,
            partition=partition,
            offset=offset,
            key=key,
            reason=reason,
        )
        kept.append(Kept(aside, Entry(partition, offset, received, key, kind, body)))
    return kept


def _columns(rows: Sequence[tuple[Any, ...]], schema: dict[str, Any]) -> pl.DataFrame:
    """A frame of `rows`, at least one; column by column, which is five times as fast as row by row."""
    columns = zip(schema.items(), zip(*rows, strict=True), strict=True)
    return pl.DataFrame([pl.Series(name, values, dtype=kind) for (name, kind), values in columns])
