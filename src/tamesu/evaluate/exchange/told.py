"""What rows tell of themselves by name, as columns: numbers as they are, words as a column for each.

Refuses to standardise anything, and to guess what a missing value would have been: where a word is missing none of
its columns is 1, where a number is missing it is 0.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias, cast

import numpy as np
from numpy.typing import NDArray

from tamesu.base import InvalidInput, TooLarge
from tamesu.base.errors import listing
from tamesu.evaluate.rounds import Rounds

Told: TypeAlias = Mapping[str, float | str]
"""What one row tells, by name."""

MOST_COLUMNS = 10_000
"""Of what rows tell; more would be a word for nearly every row."""


class Read(NamedTuple):
    """Rounds that were read.

    Attributes:
        rounds: all that are some.
        left: why other rows are none, and how many of each.
    """

    rounds: Rounds
    left: dict[str, int]


def told(value: Any, name: str = "") -> Iterator[tuple[str, float | str]]:
    """The numbers and words in nested objects and lists, each by the way to it.

    Raises:
        InvalidInput: a number that is not finite.

    Example:
        >>> dict(told({"age": 30, "device": {"os": "ios"}, "taste": [0.5, 1]}))
        {'age': 30.0, 'device.os': 'ios', 'taste[0]': 0.5, 'taste[1]': 1.0}
    """
    if isinstance(value, Mapping):
        for key, part in cast("Mapping[str, Any]", value).items():
            yield from told(part, f"{name}.{key}" if name else str(key))
    elif isinstance(value, list | tuple):
        for place, part in enumerate(cast("Sequence[Any]", value)):
            yield from told(part, f"{name}[{place}]")
    elif isinstance(value, str):
        yield name, value
    elif value is not None:
        number = float(value)
        if not np.isfinite(number):
            raise InvalidInput(f"{name} must be finite, got {number:g}")
        yield name, number


def columns_of(rows: Sequence[Told]) -> tuple[tuple[str, ...], NDArray[np.float64]]:
    """Names (d,), rising, and columns (n, d): a number's own, and one for each word, `name=word`.

    Raises:
        TooLarge: more than `MOST_COLUMNS`.

    Example:
        >>> columns_of([{"x": 2.0, "os": "ios"}, {"os": "web"}])
        (('os=ios', 'os=web', 'x'), array([[1., 0., 2.],
               [0., 1., 0.]]))
    """
    cells: list[dict[str, float | str]] = [
        {f"{name}={one}" if isinstance(one, str) else name: one for name, one in row.items()}
        for row in rows
    ]
    names = tuple(sorted({name for cell in cells for name in cell}))
    if len(names) > MOST_COLUMNS:
        raise TooLarge(
            f"rows may tell {MOST_COLUMNS:,} different things, these tell {len(names):,}",
            hint="leave out what is different in nearly every row, such as an id",
        )
    place = {name: number for number, name in enumerate(names)}
    columns = np.zeros((len(rows), len(names)))
    for row, cell in enumerate(cells):
        for name, one in cell.items():
            columns[row, place[name]] = 1.0 if isinstance(one, str) else one
    return names, columns


def needed(given: Mapping[str, Any], names: Sequence[str], what: str) -> None:
    """Raises `InvalidInput` where one of `names` is not given, or is nothing."""
    missing = [name for name in names if given.get(name) is None]
    if missing:
        raise InvalidInput(
            f"{what} must have {listing(names)}, got none of {listing(missing)}",
            hint="without the probability of what was chosen no other policy can be judged",
        )
