"""Numbers as their users give them: finite floats, or a refusal that tells a type and never a value.

Refuses what merely looks like a number: `true`, and a text of digits.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from itertools import chain
from numbers import Real
from typing import Any, TypeGuard

import numpy as np
from numpy.typing import NDArray

from tamesu.base import InvalidInput, ShapeMismatch
from tamesu.base.shapes import is_sequence

LARGEST = 1e150
"""Greatest magnitude of a column. Beliefs add up its square: 1e300, and room for a hundred million rows."""

LARGEST_FACTOR = 1e75
"""Greatest magnitude where features interact: the product of two is a column."""

_PLAIN = {float, int, np.float64, np.float32, np.int64}


def number_of(name: str, value: Any) -> float:
    """The finite number that `value` of the feature `name` is.

    Raises:
        InvalidInput: no number, or an infinite one.
    """
    if isinstance(value, bool) or not isinstance(value, float | int | Real):
        raise refused(name, "a number", value)
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise refused(name, "a finite number", value, another=True)
    return number


def numbers_of(name: str, values: Sequence[Any]) -> NDArray[np.float64]:
    """(n,) `number_of` each."""
    if not _PLAIN.issuperset(map(type, values)):
        return np.array([number_of(name, value) for value in values], dtype=np.float64)
    try:
        numbers = np.array(values, dtype=np.float64)
    except OverflowError:
        numbers = np.full(len(values), math.inf)
    if not np.isfinite(numbers).all():
        raise refused(name, "a finite number", 0.0, another=True)
    return numbers


def row_of(name: str, value: Any, size: int, largest: float) -> NDArray[np.float64]:
    """(size,) numbers of one vector: a list, a tuple or an array of one dimension.

    Raises:
        ShapeMismatch: another length, or no list.
        InvalidInput: a member that is no number, or one beyond `largest` in magnitude.
    """
    if _plain(value) and len(value) == size:
        try:
            row: NDArray[np.float64] = np.array(value, dtype=np.float64)
        except OverflowError:
            row = np.full(size, math.inf)
        # One pass: the sum of squares bounds them all, and is no number where one of them is none.
        with np.errstate(over="ignore"):
            if row.dot(row) <= largest * largest:
                return row
    only: NDArray[np.float64] = rows_of(name, [value], size, largest)[0]
    return only


def rows_of(
    name: str, values: Sequence[Any] | NDArray[Any], size: int, largest: float
) -> NDArray[np.float64]:
    """(n, size) numbers of n vectors, or of an array of that shape, as `row_of` each."""
    if _is_array(values) and values.dtype.kind in "fiu":
        if values.ndim != 2:  # noqa: PLR2004 - a matrix
            raise ShapeMismatch(
                f"{_named(name)} must be of shape (n, {size}), got {values.shape}", field=name
            )
        numbers = values.astype(np.float64)
    else:
        numbers = _stacked(name, values, size)
    if numbers.shape[1] != size:
        raise _misshapen(name, size, f"lists of {numbers.shape[1]}")
    # What is no number at all fails this too.
    if numbers.size and not (numbers.max() <= largest and numbers.min() >= -largest):
        raise refused(
            name, f"finite numbers of at most {largest:g} in magnitude", 0.0, another=True
        )
    return numbers


def _stacked(name: str, values: Iterable[Any], size: int) -> NDArray[np.float64]:
    rows: list[Any] = []
    plain = True
    for value in values:
        if not (_is_row(value) or is_sequence(value)):
            raise _misshapen(name, size, type(value).__name__)
        if len(value) != size:
            raise _misshapen(name, size, f"a list of {len(value)}")
        rows.append(value)
        plain = plain and _plain(value)
    if not plain:
        flat = [number_of(name, one) for one in chain.from_iterable(rows)]
        return np.array(flat, dtype=np.float64).reshape(len(rows), size)
    try:
        return np.array(rows, dtype=np.float64).reshape(len(rows), size)
    except OverflowError:
        raise refused(name, "finite numbers", 0.0, another=True) from None


def _is_array(value: Any) -> TypeGuard[NDArray[Any]]:
    return isinstance(value, np.ndarray)


def _is_row(value: Any) -> TypeGuard[NDArray[Any]]:
    return _is_array(value) and value.ndim == 1


def _plain(value: Any) -> bool:
    """Whether NumPy can be told to make numbers of `value`, and would not of what is none."""
    if _is_row(value):
        return value.dtype.kind in "fiu"
    return is_sequence(value) and _PLAIN.issuperset(map(type, value))


def _misshapen(name: str, size: int, got: str) -> ShapeMismatch:
    return ShapeMismatch(f"{_named(name)} must be a list of {size} numbers, got {got}", field=name)


def refused(
    name: str, what: str, value: Any, hint: str = "", *, another: bool = False
) -> InvalidInput:
    """The refusal of a value; it names the type and not the value, which may say who somebody is.

    `another` says that the type is right, and that it is the value which does not suit.
    """
    got = "none" if value is None else type(value).__name__
    got = f"another {got}" if another else got
    return InvalidInput(f"{_named(name)} must be {what}, got {got}", hint=hint, field=name)


def _named(name: str) -> str:
    return f"feature {name!r}"
