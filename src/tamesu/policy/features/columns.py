"""One feature into its columns: values of the schema's type into numbers, or a clear refusal.

`columns_of` gives the `Columns` of a feature. Nothing here is learnt: constants come from the schema, so
that a value means the same for ever. Refuses to know that a value may be missing: a block of features
does.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from hashlib import blake2b
from numbers import Integral
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from tamesu.base import Bug
from tamesu.base.errors import close_match
from tamesu.base.feature import (
    Boolean,
    Categorical,
    Cyclic,
    Feature,
    Hashed,
    Numeric,
    Vector,
)
from tamesu.policy.features.numbers import (
    LARGEST,
    number_of,
    numbers_of,
    refused,
    row_of,
    rows_of,
)

TAU = 2.0 * math.pi

Floats: TypeAlias = NDArray[np.float64]
Write: TypeAlias = Callable[[Any, Floats], None]
WriteMany: TypeAlias = Callable[[Sequence[Any], Floats], None]


class Columns(NamedTuple):
    """How a feature is encoded, into rows that are 0 at its columns.

    Laws: the columns of many values are those of each, bit for bit; every number is finite, and at most
    `LARGEST` in magnitude.

    Attributes:
        names: of its columns.
        write: a value into a row (width,) of all features; raises `InvalidInput` for one that is no value.
        write_many: n values into rows (n, width), as `write` of each.
    """

    names: tuple[str, ...]
    write: Write
    write_many: WriteMany


def columns_of(name: str, feature: Feature, start: int, largest: float = LARGEST) -> Columns:
    """The columns of the feature `name`, of which the first is number `start` of a row.

    Args:
        name: of the feature.
        feature: its type.
        start: place of its first column.
        largest: greatest magnitude of a number that is taken as it is.
    """
    match feature:
        case Categorical(values=values):
            names = tuple(f"{name}={value}" for value in values)
            return Columns(names, *_one_of(_categorical(name, values, start)))
        case Hashed(buckets=buckets):
            names = tuple(f"{name}#{i}" for i in range(buckets))
            return Columns(names, *_one_of(_hashed(name, buckets, start)))
        case Numeric():
            return Columns((name,), *_numeric(name, feature, start))
        case Cyclic(period=period):
            return Columns((f"{name}.cos", f"{name}.sin"), *_cyclic(name, period, start))
        case Vector(size=size):
            names = tuple(f"{name}[{i}]" for i in range(size))
            return Columns(names, *_vector(name, size, start, largest))
        case Boolean():
            return Columns((name,), *_boolean(name, start))
        case _:
            raise Bug(f"no columns for {type(feature).__name__}")


def _one_of(place_of: Callable[[Any], int]) -> tuple[Write, WriteMany]:
    """A 1 in the column that `place_of` gives, the others 0."""

    def write(value: Any, row: Floats) -> None:
        row[place_of(value)] = 1.0

    def write_many(values: Sequence[Any], rows: Floats) -> None:
        rows[np.arange(len(values)), [place_of(value) for value in values]] = 1.0

    return write, write_many


def _categorical(name: str, values: Sequence[str | int], start: int) -> Callable[[Any], int]:
    texts = {value: start + i for i, value in enumerate(values) if isinstance(value, str)}
    # Beside the texts, for True equals 1, and 1.0 too: the type is part of a value.
    wholes = {value: start + i for i, value in enumerate(values) if not isinstance(value, str)}

    def place_of(value: Any) -> int:
        try:
            return texts[value]
        except (KeyError, TypeError):
            if not isinstance(value, bool) and isinstance(value, Integral):
                place = wholes.get(int(value))
                if place is not None:
                    return place
        match = close_match(value, texts) if isinstance(value, str) else None
        raise refused(
            name,
            f"one of {len(values)} declared values",
            value,
            hint=f"did you mean {match!r}?" if match else "",
            another=isinstance(value, str | Integral),
        )

    return place_of


def _hashed(name: str, buckets: int, start: int) -> Callable[[Any], int]:
    key = blake2b(name.encode(), digest_size=16).digest()

    def place_of(value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, str | Integral):
            raise refused(name, "a text or a whole number", value)
        digest = blake2b(str(value).encode(errors="surrogatepass"), digest_size=8, key=key).digest()
        return start + int.from_bytes(digest, "little") % buckets

    return place_of


def _numeric(name: str, feature: Numeric, at: int) -> tuple[Write, WriteMany]:
    low, high = feature.range
    # Halves first: the width of a range may be beyond floating point.
    middle, half = low / 2.0 + high / 2.0, high / 2.0 - low / 2.0
    what = f"in [{low:g}, {high:g}]"

    def write(value: Any, row: Floats) -> None:
        number = number_of(name, value)
        if not low <= number <= high:
            if not feature.clip:
                raise refused(name, what, value, another=True)
            number = min(max(number, low), high)
        row[at] = (number - middle) / half

    def write_many(values: Sequence[Any], rows: Floats) -> None:
        numbers = numbers_of(name, values)
        if feature.clip:
            numbers = np.clip(numbers, low, high)
        outside = np.flatnonzero((numbers < low) | (numbers > high))
        if outside.size:
            raise refused(name, what, values[outside[0]], another=True)
        rows[:, at] = (numbers - middle) / half

    return write, write_many


def _cyclic(name: str, period: float, at: int) -> tuple[Write, WriteMany]:
    def write(value: Any, row: Floats) -> None:
        angle = math.fmod(number_of(name, value), period) / period * TAU
        row[at] = math.cos(angle)
        row[at + 1] = math.sin(angle)

    def write_many(values: Sequence[Any], rows: Floats) -> None:
        angles = (np.fmod(numbers_of(name, values), period) / period * TAU).tolist()
        # One by one: NumPy's own sine may differ in its last bit.
        rows[:, at] = [math.cos(angle) for angle in angles]
        rows[:, at + 1] = [math.sin(angle) for angle in angles]

    return write, write_many


def _vector(name: str, size: int, start: int, largest: float) -> tuple[Write, WriteMany]:
    end = start + size

    def write(value: Any, row: Floats) -> None:
        row[start:end] = row_of(name, value, size, largest)

    def write_many(values: Sequence[Any], rows: Floats) -> None:
        rows[:, start:end] = rows_of(name, values, size, largest)

    return write, write_many


def _boolean(name: str, at: int) -> tuple[Write, WriteMany]:
    def write(value: Any, row: Floats) -> None:
        if not isinstance(value, bool | np.bool_):
            raise refused(name, "true or false", value)
        row[at] = value

    def write_many(values: Sequence[Any], rows: Floats) -> None:
        other = next((one for one in values if not isinstance(one, bool | np.bool_)), None)
        if other is not None:
            raise refused(name, "true or false", other)
        rows[:, at] = values

    return write, write_many
