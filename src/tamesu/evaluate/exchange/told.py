"""What rows tell of themselves by name, as columns: numbers as they are, words as a column for each.

Refuses to standardise anything, and to guess what a missing value would have been: where a word is missing none of
its columns is 1, where a number is missing it is 0.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Generic, NamedTuple, TypeAlias, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from tamesu.base import InvalidInput, TooLarge
from tamesu.base.errors import listing
from tamesu.evaluate.rounds import Rounds
from tamesu.evaluate.slates import Slates

Telling: TypeAlias = tuple[str, float | str]
"""A name, and the number or word that a row tells under it."""

MOST_COLUMNS = 10_000
"""Of what rows tell; more would be a word for nearly every row."""


Log = TypeVar("Log", Rounds, Slates)


class Read(NamedTuple, Generic[Log]):
    """A log that was read.

    Attributes:
        rounds: its rounds, or slates.
        left: what was there besides and is not in them, and how many of each.
        names: of the columns of its contexts, `name=word` for one of a word; none where nobody says them.
    """

    rounds: Log
    left: dict[str, int]
    names: tuple[str, ...] = ()


class Cells:
    """What rows tell, cell by cell, so that many rows are held in little.

    Law: the columns do not depend on the order of what one row tells.

    Example:
        >>> cells = Cells()
        >>> cells.add([("x", 2.0), ("os", "ios")])
        >>> cells.add([("os", "web")])
        >>> cells.columns()
        (('os=ios', 'os=web', 'x'), array([[1., 0., 2.],
               [0., 1., 0.]]))
    """

    def __init__(self) -> None:
        self._names: dict[Telling | str, int] = {}
        self._place, self._number, self._lengths = array("q"), array("d"), array("q")

    def add(self, row: Iterable[Telling]) -> None:
        """Takes one row.

        Raises:
            TooLarge: rows that tell more than `MOST_COLUMNS` different things.
        """
        places, numbers = self._place, self._number
        before = len(places)
        for telling in row:
            name, one = telling
            if isinstance(one, str):
                places.append(self._placed(telling))
                numbers.append(1.0)
            else:
                places.append(self._placed(name))
                numbers.append(one)
        self._lengths.append(len(places) - before)

    def columns(self) -> tuple[tuple[str, ...], NDArray[np.float64]]:
        """Names (d,), rising, and columns (n, d): a number's own, and one for each word, `name=word`."""
        names = [f"{one[0]}={one[1]}" if isinstance(one, tuple) else one for one in self._names]
        order = sorted(range(len(names)), key=names.__getitem__)
        place_of = np.empty(len(names), np.intp)
        place_of[order] = np.arange(len(names))
        columns = np.zeros((len(self._lengths), len(names)))
        rows = np.repeat(np.arange(len(self._lengths)), np.array(self._lengths, np.intp))
        columns[rows, place_of[np.array(self._place, np.intp)]] = np.array(self._number)
        return tuple(names[one] for one in order), columns

    def _placed(self, key: Telling | str) -> int:
        place = self._names.get(key)
        if place is None:
            place = self._names[key] = len(self._names)
            _refuse_more(len(self._names))
        return place


def told(value: Any, name: str = "") -> list[Telling]:
    """The numbers and words in nested objects and lists, each by the way to it.

    Raises:
        InvalidInput: a number that is not finite.

    Example:
        >>> told({"age": 30, "device": {"os": "ios"}, "taste": [0.5, None]})
        [('age', 30.0), ('device.os', 'ios'), ('taste[0]', 0.5)]
    """
    found: list[Telling] = []
    _tell(value, name, found)
    return found


def _tell(value: Any, name: str, found: list[Telling]) -> None:
    if isinstance(value, str):
        found.append((name, value))
    elif isinstance(value, dict):
        for key, part in cast("dict[str, Any]", value).items():
            _tell(part, f"{name}.{key}" if name else str(key), found)
    elif isinstance(value, list | tuple):
        for place, part in enumerate(cast("Sequence[Any]", value)):
            _tell(part, f"{name}[{place}]", found)
    elif value is not None:
        try:
            number = float(value)
        except OverflowError as problem:
            raise InvalidInput(f"{name} must be finite, got a number beyond all") from problem
        if not math.isfinite(number):
            raise InvalidInput(f"{name} must be finite, got {number:g}")
        found.append((name, number))


def columns_of_words(name: str, words: Sequence[Any]) -> tuple[list[str], NDArray[np.float64]]:
    """Names, rising, and columns (n, words): one for each that is there, none for what is missing.

    Raises:
        TooLarge: more than `MOST_COLUMNS` different ones.
    """
    codes: dict[str, int] = {}
    rows = [
        -1 if one is None or one == "" else codes.setdefault(str(one), len(codes)) for one in words
    ]
    _refuse_more(len(codes))
    columns = np.zeros((len(rows), len(codes) + 1))
    columns[np.arange(len(rows)), rows] = 1.0
    order = sorted(codes)
    return [f"{name}={one}" for one in order], columns[:, [codes[one] for one in order]]


def needed(given: Mapping[str, Any], names: Sequence[str], what: str) -> None:
    """Raises `InvalidInput` where one of `names` is not given, or is nothing."""
    missing = [name for name in names if given.get(name) is None]
    if missing:
        others = [name for name, one in given.items() if one is not None and name not in names]
        raise InvalidInput(
            f"{what} must have {listing(names)}, got none of {listing(missing)}"
            + (f" but {listing(name[:40] for name in others)}" if others else ""),
            hint="without the probability of what was chosen no other policy can be judged",
        )


def _refuse_more(columns: int) -> None:
    if columns > MOST_COLUMNS:
        raise TooLarge(
            f"rows may tell {MOST_COLUMNS:,} different things, these tell more",
            hint="leave out what is different in nearly every row, such as an id",
        )
