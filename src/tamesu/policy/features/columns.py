"""One feature into its columns: a value of the schema's type into numbers, or a clear refusal.

`columns_of` gives the `Columns` of a feature. Nothing here is learnt: constants come from the schema, so
that a value means the same for ever.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from hashlib import blake2b
from numbers import Real
from typing import Any, NamedTuple

import numpy as np

from tamesu.base import InvalidInput
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
from tamesu.base.shapes import is_sequence

TAU = 2.0 * math.pi


class Columns(NamedTuple):
    """How a feature is encoded.

    Attributes:
        names: of its columns.
        encode: a value to as many finite numbers; raises `InvalidInput` for one that is no value.
        missing: the numbers where no value is given; none where one must be given.
    """

    names: tuple[str, ...]
    encode: Callable[[Any], Sequence[float]]
    missing: Sequence[float] | None


def columns_of(name: str, feature: Feature) -> Columns:
    """The columns of the feature `name`."""
    names, encode = _parts(name, feature)
    missing = None if feature.missing is None else tuple(encode(feature.missing))
    return Columns(names, encode, missing)


def _parts(name: str, feature: Feature) -> tuple[tuple[str, ...], Callable[[Any], Sequence[float]]]:
    match feature:
        case Categorical(values=values):
            return tuple(f"{name}={value}" for value in values), _categorical(name, values)
        case Numeric():
            return (name,), _numeric(name, feature)
        case Cyclic(period=period):
            return (f"{name}.cos", f"{name}.sin"), _cyclic(name, period)
        case Vector(size=size):
            return tuple(f"{name}[{i}]" for i in range(size)), _vector(name, size)
        case Hashed(buckets=buckets):
            return tuple(f"{name}#{i}" for i in range(buckets)), _hashed(name, buckets)
        case Boolean():
            return (name,), _boolean(name)
        case _:
            raise TypeError(f"no columns for {type(feature).__name__}")


def _categorical(name: str, values: Sequence[str | int]) -> Callable[[Any], Sequence[float]]:
    rows = np.eye(len(values)).tolist()
    # True equals 1, and 1.0 too: the type is part of the value.
    found = {(type(value), value): tuple(row) for value, row in zip(values, rows, strict=True)}

    def encode(value: Any) -> Sequence[float]:
        try:
            return found[type(value), value]
        except (KeyError, TypeError):
            match = (
                close_match(value, [str(one) for one in values]) if isinstance(value, str) else ""
            )
            raise _refused(
                name,
                f"one of {len(values)} declared values",
                value,
                hint=f"did you mean {match!r}?" if match else "",
            ) from None

    return encode


def _numeric(name: str, feature: Numeric) -> Callable[[Any], Sequence[float]]:
    low, high = feature.range
    # Halves first: the width of a range may be beyond floating point.
    middle, half = low / 2.0 + high / 2.0, high / 2.0 - low / 2.0

    def encode(value: Any) -> Sequence[float]:
        number = _number(name, value)
        if not low <= number <= high:
            if not feature.clip:
                raise _refused(name, f"in [{low:g}, {high:g}]", value)
            number = min(max(number, low), high)
        return ((number - middle) / half,)

    return encode


def _cyclic(name: str, period: float) -> Callable[[Any], Sequence[float]]:
    def encode(value: Any) -> Sequence[float]:
        angle = math.fmod(_number(name, value), period) / period * TAU
        return math.cos(angle), math.sin(angle)

    return encode


def _vector(name: str, size: int) -> Callable[[Any], Sequence[float]]:
    def encode(value: Any) -> Sequence[float]:
        given: Any = value.tolist() if isinstance(value, np.ndarray) else value
        if not is_sequence(given) or len(given) != size:
            got = f"{len(given)} values" if is_sequence(given) else type(given).__name__
            raise InvalidInput(
                f"feature {name!r} must be a list of {size} numbers, got {got}", field=name
            )
        return [_number(name, one) for one in given]

    return encode


def _hashed(name: str, buckets: int) -> Callable[[Any], Sequence[float]]:
    salt = blake2b(name.encode(), digest_size=16).digest()

    def encode(value: Any) -> Sequence[float]:
        if not isinstance(value, str | int) or isinstance(value, bool):
            raise _refused(name, "a text or a whole number", value)
        digest = blake2b(
            str(value).encode(errors="surrogatepass"), digest_size=8, key=salt
        ).digest()
        row = [0.0] * buckets
        row[int.from_bytes(digest, "little") % buckets] = 1.0
        return row

    return encode


def _boolean(name: str) -> Callable[[Any], Sequence[float]]:
    def encode(value: Any) -> Sequence[float]:
        if not isinstance(value, bool | np.bool_):
            raise _refused(name, "true or false", value)
        return (1.0 if value else 0.0,)

    return encode


def _number(name: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, Real):
        raise _refused(name, "a number", value)
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise _refused(name, "a finite number", value)
    return number


def _refused(name: str, what: str, value: Any, hint: str = "") -> InvalidInput:
    """The refusal of a value; it names the type and not the value, which may say who somebody is."""
    return InvalidInput(
        f"feature {name!r} must be {what}, got another {type(value).__name__}"
        if isinstance(value, str | float | int)
        else f"feature {name!r} must be {what}, got {type(value).__name__}",
        hint=hint,
        field=name,
    )
