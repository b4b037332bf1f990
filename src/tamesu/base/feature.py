"""The schema of features: what a context, and what an arm, may tell of itself, and in which form.

`{type: numeric, range: [13, 100], missing: 35}`: one struct per type. Refuses to encode a value: that is
`tamesu.policy.features`, which knows how a belief wants it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import msgspec

from tamesu.base.errors import InvalidDeclaration
from tamesu.base.shapes import convert, is_mapping, plain

MAX_FIELDS = 256
MAX_NAME_CHARS = 100
MAX_VALUES = 10_000
MAX_WIDTH = 4_096
"""Numbers that one field, or one interaction, may become."""

MAX_VALUE_CHARS = 200

LEAST_WIDTH = 1e-12
"""Half the width of a range, as a share of its larger end: below, the distance of two numbers is rounding."""

TINY = 1e-290
"""A range narrower than this share of 1 has no numbers between that floating point tells apart."""

POSITION = "x"
"""Name of the field where a number alone stands for a schema: a vector of that size."""


class Feature(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What every type takes.

    Attributes:
        missing: the value that stands where none is given; without it, none given is refused.
    """

    missing: Any = None


class Categorical(Feature, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One of the listed values, texts or whole numbers: a column each."""

    values: tuple[str | int, ...]
    missing: str | int | None = None


class Numeric(Feature, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A number, brought to [-1, 1] by its range; one column.

    Attributes:
        range: the least and the greatest value.
        clip: takes a value outside of the range as the nearer end, instead of refusing it.
    """

    range: tuple[float, float]
    clip: bool = False
    missing: float | None = None


class Cyclic(Feature, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A number on a circle, such as an hour of the day: its cosine and sine."""

    period: float
    missing: float | None = None


class Vector(Feature, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`size` numbers, taken as they are."""

    size: int
    missing: tuple[float, ...] | None = None


class Hashed(Feature, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A text or whole number of which nobody knows all values: by its hash one of `buckets` columns."""

    buckets: int
    missing: str | int | None = None


class Boolean(Feature, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """True or false: 1 or 0, one column."""

    missing: bool | None = None


TYPES: dict[str, type[Feature]] = {
    "categorical": Categorical,
    "numeric": Numeric,
    "cyclic": Cyclic,
    "vector": Vector,
    "hashed": Hashed,
    "boolean": Boolean,
}
_NAMES: dict[type[Feature], str] = {shape: name for name, shape in TYPES.items()}

Schema = Mapping[str, Feature]
"""Features by name, in the order of their columns."""


def read_schema(data: Any, where: str) -> dict[str, Feature]:
    """The schema that plain data spells out; a whole number n is short for one vector of n numbers.

    Raises:
        InvalidDeclaration: no mapping, an unknown type or option (with the close match), or a value
            that cannot be.
    """
    if isinstance(data, int) and not isinstance(data, bool):
        data = {POSITION: {"type": "vector", "size": data}}
    if not is_mapping(data):
        raise InvalidDeclaration(
            f"{where} must be a number of features or a mapping of names to types, got {data!r}",
            hint=f"for example  {where}: {{hour: {{type: cyclic, period: 24}}}}",
        )
    if len(data) > MAX_FIELDS:
        raise InvalidDeclaration(
            f"{where} may have {MAX_FIELDS} features, got {len(data):,}",
            hint="a vector holds many numbers in one",
        )
    return {str(name): _read(name, one, f"{where}.{str(name)[:80]}") for name, one in data.items()}


def plain_schema(schema: Schema) -> dict[str, Any]:
    """Plain data that `read_schema` reads back."""
    return {name: {"type": _NAMES[type(one)], **_told(one)} for name, one in schema.items()}


def width_of(feature: Feature) -> int:
    """How many columns a feature makes."""
    match feature:
        case Categorical(values=values):
            return len(values)
        case Cyclic():
            return 2
        case Vector(size=size):
            return size
        case Hashed(buckets=buckets):
            return buckets
        case _:
            return 1


def _told(one: Feature) -> dict[str, Any]:
    return {key: value for key, value in plain(one).items() if value is not None}


def _read(name: Any, data: Any, where: str) -> Feature:
    if not (isinstance(name, str) and 0 < len(name) <= MAX_NAME_CHARS and name.isprintable()):
        raise InvalidDeclaration(
            f"the name of a feature must be a text of 1 to {MAX_NAME_CHARS} printable characters, "
            f"got {str(name)[:80]!r}"
        )
    if isinstance(data, str):
        data = {"type": data}
    if not is_mapping(data) or "type" not in data:
        raise InvalidDeclaration(
            f"{where} must be a mapping with 'type', got {repr(data)[:80]}",
            hint="for example  {type: categorical, values: [ios, android, web]}",
        )
    type_ = data["type"]
    if not isinstance(type_, str) or type_ not in TYPES:
        raise InvalidDeclaration.unknown_choice(str(type_), list(TYPES), f"{where}.type")
    options = {key: value for key, value in data.items() if key != "type"}
    feature = convert(options, TYPES[type_], where)
    _check(feature, where)
    return feature


def _check(feature: Feature, where: str) -> None:  # noqa: C901, PLR0912 - one branch per type
    match feature:
        case Categorical(values=values, missing=missing):
            for value in values:
                _check_text(value, f"{where}.values")
            if not 1 <= len(values) <= MAX_VALUES or len(set(values)) < len(values):
                raise InvalidDeclaration(
                    f"{where}.values must hold 1 to {MAX_VALUES:,} values, each once, got "
                    f"{len(values):,}, of which {len(set(values)):,} differ"
                )
            if missing is not None and missing not in values:
                raise InvalidDeclaration(
                    f"{where}.missing must be one of its values, got {missing!r}"
                )
        case Numeric(range=(low, high), missing=missing):
            if not (math.isfinite(low) and math.isfinite(high) and low < high):
                raise InvalidDeclaration(
                    f"{where}.range must be two finite numbers, the least first, got "
                    f"[{low:g}, {high:g}]"
                )
            if not high / 2.0 - low / 2.0 > LEAST_WIDTH * max(abs(low), abs(high), TINY):
                raise InvalidDeclaration(
                    f"{where}.range must be wide enough to tell numbers apart in it, got "
                    f"[{low!r}, {high!r}]"
                )
            if missing is not None and not low <= missing <= high:
                raise InvalidDeclaration(f"{where}.missing must lie in its range, got {missing:g}")
        case Cyclic(period=period, missing=missing):
            if not (math.isfinite(period) and period > 0.0):
                raise InvalidDeclaration(
                    f"{where}.period must be finite and above 0, got {period:g}"
                )
            if missing is not None and not math.isfinite(missing):
                raise InvalidDeclaration(f"{where}.missing must be finite, got {missing:g}")
        case Vector(size=size, missing=missing):
            if not 1 <= size <= MAX_WIDTH:
                raise InvalidDeclaration(f"{where}.size must lie in 1..{MAX_WIDTH}, got {size}")
            if missing is not None and not (
                len(missing) == size and all(map(math.isfinite, missing))
            ):
                raise InvalidDeclaration(
                    f"{where}.missing must hold {size} finite numbers, got {len(missing)} values"
                )
        case Hashed(buckets=buckets, missing=missing):
            _check_text(missing, f"{where}.missing")
            if not 1 <= buckets <= MAX_WIDTH:
                raise InvalidDeclaration(
                    f"{where}.buckets must lie in 1..{MAX_WIDTH}, got {buckets}"
                )
        case _:
            pass


def _check_text(value: str | int | None, where: str) -> None:
    if isinstance(value, str) and not (len(value) <= MAX_VALUE_CHARS and value.isprintable()):
        raise InvalidDeclaration(
            f"{where} must be whole numbers or texts of at most {MAX_VALUE_CHARS} printable "
            f"characters, got {value[:80]!r}"
        )
