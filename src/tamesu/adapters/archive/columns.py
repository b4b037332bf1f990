"""Observations as a Polars frame and back, exactly.

Rewards and terms stay int64 in whole 1 / GRID, times int64 microseconds; what has no value is null.
A term is a column of its own, `terms.<event type>`, and `previous_terms.<event type>` where there are any. A context and arms' features are JSON text. Refuses to round.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import fields
from typing import Any

import msgspec
import numpy as np
import polars as pl
from numpy.typing import NDArray

from tamesu.base import Observations
from tamesu.base.observations import BY_TYPE, EXACT, NO_REWARD, NO_TIME
from tamesu.base.outline import Outline

VERSION = 1
"""The number of this layout of columns, kept in every file's footer as `v`."""

_PREFIXES = {name: f"{name}." for name in BY_TYPE}

_TEXTS = ("decision_id", "experiment", "variant", "unit", "arm")
_JSON = ("context", "features")
_NULLS = {
    "draws": EXACT,
    "shown": NO_TIME,
    "accepted": NO_TIME,
    "previous_reward": NO_REWARD,
}
"""Integer columns in which one value stands for none; in a frame that is null."""


def to_frame(observations: Observations) -> pl.DataFrame:
    """One row per observation, one column per field, in the order of the fields."""
    columns: dict[str, pl.Series] = {}
    for field in fields(observations):
        values = getattr(observations, field.name)
        if field.name in ("bandit", "declaration"):
            continue
        if field.name in _PREFIXES:
            for kind, term in values.items():
                columns[_PREFIXES[field.name] + kind] = pl.Series(term, dtype=pl.Int64)
        elif field.name in _TEXTS:
            columns[field.name] = pl.Series(values.tolist(), dtype=pl.String)
        elif field.name in _JSON:
            texts = [None if value is None else _json(value) for value in values]
            columns[field.name] = pl.Series(texts, dtype=pl.String)
        elif field.name == "eligible":
            lists = [None if eligible is None else list(eligible) for eligible in values]
            columns[field.name] = pl.Series(lists, dtype=pl.List(pl.String))
        elif field.name in _NULLS:
            present = pl.Series(values, dtype=pl.Int64)
            columns[field.name] = present.set(present == _NULLS[field.name], None)
        else:
            columns[field.name] = pl.Series(values)
    return pl.DataFrame(columns)


def current(frame: pl.DataFrame) -> pl.DataFrame:
    """`frame` as this version writes it.

    Older ones have no arms' features; still older ones say 0 for no previous reward, and not who learnt.

    Raises:
        pl.exceptions.PolarsError: a column is missing.
    """
    if "features" not in frame.columns:
        frame = frame.with_columns(features=pl.lit(None, dtype=pl.String))
    if "absorbed" in frame.columns:
        return frame
    previous = pl.when(pl.col("correction") > 0).then(pl.col("previous_reward"))
    return frame.with_columns(previous, absorbed=pl.lit(0, dtype=pl.Int64))


def together(frames: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """All rows of `frames`, in their order; a term that one of them has no column of is 0 there."""
    frame = pl.concat([current(frame) for frame in frames], how="diagonal")
    by_type = "|".join(map(re.escape, _PREFIXES.values()))
    return frame.with_columns(pl.col(f"^({by_type}).*$").fill_null(0))


def from_frame(frame: pl.DataFrame, bandit: str, declaration: int) -> Observations:
    """The observations that `to_frame` made `frame` of.

    Raises:
        KeyError: a column is missing.
    """
    columns: dict[str, Any] = {"bandit": bandit, "declaration": declaration}
    frame = current(frame)
    for field in fields(Observations):
        if field.name in columns:
            continue
        if field.name in _PREFIXES:
            columns[field.name] = _by_type(frame, field.name)
            continue
        series = _column(frame, field.name)
        if field.name in _TEXTS:
            columns[field.name] = _objects(series.to_list())
        elif field.name in _JSON:
            columns[field.name] = _objects(
                [None if text is None else msgspec.json.decode(text) for text in series]
            )
        elif field.name == "eligible":
            columns[field.name] = _objects(
                [None if ids is None else tuple(ids) for ids in series.to_list()]
            )
        elif field.name in _NULLS:
            columns[field.name] = series.fill_null(_NULLS[field.name]).to_numpy()
        else:
            columns[field.name] = series.to_numpy()
    return Observations(**columns)


_OUTLINED = (
    *("arm", "position", "correction", "propensity", "eligible", "fallback", "outcome"),
    *("reward", "previous_reward", "decided", "snapshot"),
)
_SHORT = tuple(name for name in _OUTLINED if name not in ("arm", "eligible"))


def outlined(frame: pl.LazyFrame, bandit: str, declaration: int) -> Outline:
    """The outline of the observations in `frame`, of which no other column is read.

    Raises:
        pl.exceptions.PolarsError: a column is missing.
    """
    names = frame.collect_schema().names()
    is_older = "absorbed" not in names
    told = [name for name in names if name.startswith(_PREFIXES["previous_terms"])]
    terms = [name for name in names if told and name.startswith(_PREFIXES["terms"])]
    read = frame.select([*_OUTLINED, *terms, *told]).collect()
    read = current(read) if is_older else read
    arms = read["arm"].unique().sort()
    codes = read["arm"].cast(pl.Enum(arms)).to_physical()
    eligible = read["eligible"].list.len().fill_null(0)
    return Outline(
        bandit=bandit,
        declaration=declaration,
        arms=tuple(arms.to_list()),
        arm=codes.cast(pl.Int64).to_numpy(),
        eligible=eligible.cast(pl.Int64).to_numpy(),
        **{name: _filled(read[name]).to_numpy() for name in _SHORT},
        terms=_by_type(read, "terms"),
        previous_terms=_by_type(read, "previous_terms"),
    )


def _by_type(frame: pl.DataFrame, field: str) -> dict[str, NDArray[np.int64]]:
    """The columns of a field that has one for each event type."""
    prefix = _PREFIXES[field]
    return {
        name.removeprefix(prefix): frame[name].to_numpy()
        for name in frame.columns
        if name.startswith(prefix)
    }


def _filled(series: pl.Series) -> pl.Series:
    return series.fill_null(_NULLS[series.name]) if series.name in _NULLS else series


def _column(frame: pl.DataFrame, name: str) -> pl.Series:
    if name not in frame.columns:
        raise KeyError(name)
    return frame[name]


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()


def _objects(values: list[Any]) -> NDArray[np.object_]:
    return np.fromiter(values, dtype=np.object_, count=len(values))
