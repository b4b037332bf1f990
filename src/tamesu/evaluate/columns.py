"""Columns of a log as somebody hands them in: of one kind, of one length, arms and units by number.

Refuses what would lose something by becoming a number, and to know what a column stands for.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import fields, replace
from typing import Any, TypeAlias, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tamesu.base import InvalidInput, ShapeMismatch

Codes: TypeAlias = NDArray[np.intp]

Log = TypeVar("Log")


def ids(given: Iterable[Any], name: str) -> list[str]:
    """Ids as texts.

    Raises:
        InvalidInput: one that is neither a text nor a whole number: what stands where none is known, above all.
    """
    listed = list(given)
    kinds: set[type[Any]] = set(map(type, listed))
    for kind in kinds:
        if not issubclass(kind, str | int | np.integer):
            row = next(row for row, one in enumerate(listed) if type(one) is kind)
            raise InvalidInput(
                f"{name} must be texts or whole numbers, got {listed[row]!r} in row {row}",
                hint="leave out rows without an arm, all of a time rather than some",
            )
    return list(map(str, listed))


def numbered(arms: Iterable[str], among: Sequence[Any] | None) -> dict[str, int]:
    """Ids by their numbers: of `among`, or of the `arms` of a log where it is none.

    Raises:
        InvalidInput: one that stands twice in `among`, or is not there.
    """
    chosen = dict.fromkeys(arms)
    known = list(chosen) if among is None else ids(among, "among")
    numbers = {arm: row for row, arm in enumerate(known)}
    if len(numbers) != len(known):
        raise InvalidInput("among must name an arm once, got one twice")
    unknown = sorted(arm for arm in chosen if arm not in numbers)
    if unknown:
        raise InvalidInput(f"arms must be among those given, got {unknown[0]!r}")
    return numbers


def by_unit(units: Sequence[Any] | NDArray[Any] | None, n: int) -> Codes:
    """(n,) the cluster of each, by whose it is. Who is None or NaN is one alone; none where all are.

    Raises:
        ShapeMismatch: another number of them.
    """
    if units is None:
        return np.arange(n)
    order = np.asarray(units, dtype=object).reshape(-1).tolist()
    if len(order) != n:
        raise ShapeMismatch(f"units must be ({n},), got ({len(order)},)")
    codes: dict[Any, int] = {}
    known = (object() if one is None or one != one else one for one in order)  # noqa: PLR0124 - NaN
    return np.fromiter((codes.setdefault(one, len(codes)) for one in known), np.intp, n)


def column(values: ArrayLike, shape: tuple[int, ...], name: str, kind: Any) -> NDArray[Any]:
    """Values as `kind`, of that shape.

    Raises:
        ShapeMismatch: another shape.
        InvalidInput: as `of_kind`.
    """
    found = of_kind(values, name, kind)
    if found.size == 0 == shape[0]:
        return found.reshape(shape)
    if found.shape != shape:
        raise ShapeMismatch(f"{name} must be {shape}, got {found.shape}")
    return found


def table(values: ArrayLike | None, n: int, name: str) -> NDArray[np.float64]:
    """(n, columns) numbers; no columns where there are none.

    Raises:
        ShapeMismatch: another shape.
        InvalidInput: as `of_kind`.
    """
    found: NDArray[Any] = np.empty((n, 0))
    if values is not None:
        found = of_kind(values, name, np.float64)
    if found.ndim != 2 or len(found) != n:  # noqa: PLR2004 - rows and columns
        raise ShapeMismatch(f"{name} must be ({n}, columns), got {found.shape}")
    return found


def of_kind(values: ArrayLike, name: str, kind: Any) -> NDArray[Any]:
    """Values as `kind`, where that loses nothing: a half is no position, and a text no truth value.

    Raises:
        InvalidInput: it would.
    """
    try:
        given = np.asarray(values)
        if given.dtype.kind not in "biufO":
            raise TypeError  # noqa: TRY301 - worded below
        with np.errstate(invalid="ignore"):
            found = given.astype(kind)
        loses = given.dtype.kind in "fO" or (kind is np.bool_ and given.dtype.kind != "b")
        if kind is not np.float64 and loses and not np.array_equal(found, given.astype(np.float64)):
            raise ValueError  # noqa: TRY301 - worded below
    except (TypeError, ValueError, OverflowError) as problem:
        must = {np.float64: "numbers", np.bool_: "truth values"}.get(kind, "whole numbers")
        raise InvalidInput(f"{name} must be {must}, got something else") from problem
    return found


def picked(log: Log, rows: NDArray[Any] | slice) -> Log:
    """A log of columns, with those rows alone that an index or a mask picks; what goes by arm stays."""
    held: Any = log
    columns = {one.name: getattr(held, one.name) for one in fields(held)}
    gone = {
        name: each[rows]
        for name, each in columns.items()
        if name not in {"arms", "features"} and each is not None
    }
    taken: Log = replace(held, **gone)
    return taken
