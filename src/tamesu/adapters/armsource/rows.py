"""Rows as arms: a column `id`, and either a column `metadata` or any others, which become metadata.

What an arm tells of itself stands in a column `features`, or in one `features.NAME` for each. One wording for all sources. Refuses a row that cannot be an arm, with its place: what is half right
would retire arms that nobody meant to retire.
"""

from __future__ import annotations

import datetime as dt
import decimal
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from tamesu.base import InvalidInput, WantedArm
from tamesu.base.arm import MAX_ARMS, check_features, check_ids, check_metadata
from tamesu.base.errors import close_match, listing

ID = "id"
METADATA = "metadata"
FEATURES = "features"
FEATURE = "features."
"""Begins the name of a column that is one feature."""

_TEXTS = (dt.date, dt.time)
"""Kinds that become their ISO text (a date and time is a date)."""


def check_columns(columns: Sequence[str], source: str) -> None:
    """Refuses columns that cannot be those of arms.

    Raises:
        InvalidInput: none is called `id`, two share a name, one has none, or others stand beside
            `metadata`, or beside `features` some of their own.
    """
    if ID not in columns:
        match = close_match(ID, [column.lower() for column in columns])
        hint = (
            "write it in small letters"
            if match == ID
            else "the first line names the columns, with commas between them"
            if len(columns) == 1
            else "rename the column that holds the arms' ids"
        )
        raise InvalidInput(
            f"{source} must have a column {ID!r}, its columns are {listing(columns)}", hint=hint
        )
    if "" in columns:
        raise InvalidInput(f"every column of {source} must have a name, one has none")
    twice = {column for column in columns if columns.count(column) > 1}
    if twice:
        raise InvalidInput(f"{source} must have each column once, got {listing(twice)} twice")
    told = [column for column in columns if column.startswith(FEATURE)]
    if FEATURES in columns and told:
        raise InvalidInput(
            f"{source} must have either a column {FEATURES!r} or columns of its own for each, got "
            f"both: {listing(told)}",
            hint="leave out one of the two",
        )
    others = [column for column in columns if column not in (ID, METADATA, FEATURES, *told)]
    if METADATA in columns and others:
        raise InvalidInput(
            f"{source} must have either a column {METADATA!r} or columns of its own for it, got both: "
            f"{listing(others)}",
            hint="leave out one of the two",
        )


def arms_of(rows: Iterable[tuple[int, Any]], source: str, unit: str = "row") -> list[WantedArm]:
    """The arms that rows spell out, in their order.

    Args:
        rows: each with its number. One that is a text or a whole number is the id alone.
        source: what they are read from, in words.
        unit: what a number counts: rows from 1, or lines.

    Raises:
        InvalidInput: a row that can be no arm, with its number; an id that stands twice, with both;
            more arms than a bandit may have; or none.
    """
    arms: list[WantedArm] = []
    places: dict[str, int] = {}
    for place, row in rows:
        try:
            arm = _arm(row)
        except InvalidInput as error:
            raise InvalidInput(
                f"{unit} {place:,} of {source}: {error.message}", hint=error.hint
            ) from error
        first = places.setdefault(arm.id, place)
        if first != place or len(places) == len(arms):
            raise InvalidInput(
                f"{unit} {place:,} of {source}: an arm must stand once, {arm.id!r} stands in {unit} "
                f"{first:,} already",
                hint="leave one of the two out",
            )
        arms.append(arm)
        if len(arms) > MAX_ARMS:
            raise InvalidInput(
                f"{source} must hold at most {MAX_ARMS:,} arms, it holds more",
                hint="a bandit that chooses among more is several bandits",
            )
    if not arms:
        raise InvalidInput(
            f"{source} must hold an arm at least, it holds none",
            hint="an empty source is most often a broken export: nothing was changed",
        )
    return arms


def _arm(row: Any) -> WantedArm:
    if not isinstance(row, Mapping):
        row = {ID: row}
    fields = {name: value for name, value in row.items() if value is not None}
    id_ = _id(fields.pop(ID, None))
    check_ids([id_], InvalidInput)
    told = {name for name in row if str(name).startswith(FEATURE)}
    others = set(row) - {ID, METADATA, FEATURES} - told
    features = None
    if FEATURES in row:
        features = _object(fields.pop(FEATURES, {}), FEATURES)
    elif told:
        features = {
            str(name).removeprefix(FEATURE): _plain(fields.pop(name), name)
            for name in row
            if name in told and name in fields
        }
    metadata = None
    if METADATA in row:
        if others:
            raise InvalidInput(
                f"metadata must stand alone or be spelt by fields of its own, got {listing(others)} "
                "beside it"
            )
        metadata = _object(fields.get(METADATA, {}), METADATA)
    elif others:
        metadata = {str(name): _plain(value, name) for name, value in fields.items()}
    check_metadata(id_, metadata or {}, InvalidInput)
    check_features(id_, features or {}, InvalidInput)
    return WantedArm(id=id_, metadata=metadata, features=features)


def _id(value: Any) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, str):
        return value
    got = "nothing" if value is None else f"{type(value).__name__} {str(value)[:40]!r}"
    raise InvalidInput(f"an arm's id must be a text or a whole number, got {got}")


def _object(value: Any, what: str) -> dict[str, Any]:
    """Metadata or features as they stand in one column: an object, or its JSON."""
    if isinstance(value, str | bytes):
        try:
            value = msgspec.json.decode(value or b"{}")
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise InvalidInput(f"{what} must be a JSON object: {error}") from error
    if not isinstance(value, Mapping):
        raise InvalidInput(f"{what} must be an object, got {type(value).__name__}")
    return {str(name): _plain(each, name) for name, each in value.items()}


def _plain(value: Any, field: object) -> Any:
    """`value` as JSON has it: moments as ISO text, decimals as numbers."""
    if isinstance(value, _TEXTS):
        return value.isoformat()
    if isinstance(value, decimal.Decimal):
        value = int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, float) and not math.isfinite(value):
        raise InvalidInput(f"{field} must be a finite number, got {value}")
    if isinstance(value, Mapping):
        return {str(name): _plain(each, field) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each, field) for each in value]
    return value
