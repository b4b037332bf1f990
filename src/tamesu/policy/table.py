"""Named arrays keyed by arm, that add up: what states and evidence are made of.

Refuses to know what the arrays mean: that is a belief's business.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tamesu.base import Bug

LANDMARK = "landmark"
"""Name under `highest` of the L by which every float of a table is in units of 2^L."""

OPEN = "open_"
"""Columns whose name begins so have a landmark of their own, of that name."""

_MOST_SHIFT = 2_200
"""A float that loses so many powers of two is 0."""


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """Arrays per arm and arrays shared by all, in normal form.

    Normal form: arms rise and are unique, arms whose every number is 0 are left out (0 means
    nothing learnt), and no number is -0. So equal content is equal form, and equal bytes.

    Laws: `+` is associative and commutative for integers (floats: to rounding), the empty table is
    its zero, and `a - a` is zero but for what is `highest`. Tables of different `LANDMARK`s are
    brought to the newer one before they are added.

    Attributes:
        arms: n ids.
        per_arm: name to array (n, ...), int64, float64, or Python's integers of any size (object).
        shared: name to array of any shape, of the same types.
        highest: name to the highest number that was ever seen: `+` keeps the higher one, and `-`
            takes nothing back.
    """

    arms: tuple[str, ...]
    per_arm: Mapping[str, NDArray[Any]]
    shared: Mapping[str, NDArray[Any]]
    highest: Mapping[str, int] = field(default_factory=dict[str, int])
    _name: object = field(default_factory=object, init=False, repr=False)
    _grown: tuple[object, NDArray[np.intp]] | None = field(default=None, init=False, repr=False)

    @classmethod
    def of(
        cls,
        arms: Sequence[str],
        per_arm: Mapping[str, NDArray[Any]],
        shared: Mapping[str, NDArray[Any]] | None = None,
        highest: Mapping[str, int] | None = None,
    ) -> Table:
        """The table in normal form; `arms` are unique, in any order."""
        rows = sorted(np.flatnonzero(_used(per_arm, len(arms))).tolist(), key=arms.__getitem__)
        order = slice(None) if rows == [*range(len(arms))] else np.array(rows, dtype=np.intp)
        return cls(
            arms=tuple([arms[row] for row in rows]),
            per_arm={name: _frozen(per_arm[name][order]) for name in sorted(per_arm)},
            shared={name: _frozen(value) for name, value in sorted((shared or {}).items())},
            highest=dict(sorted((highest or {}).items())),
        )

    def rows(self, arms: Iterable[str]) -> NDArray[np.intp]:
        """Row of each of `arms`; `len(self.arms)` for an arm that is not here."""
        place = {arm: row for row, arm in enumerate(self.arms)}
        absent = len(self.arms)
        return np.fromiter((place.get(arm, absent) for arm in arms), dtype=np.intp)

    def column(self, name: str, arms: Iterable[str]) -> NDArray[Any]:
        """Column `name` for `arms`, in their order; 0 for an arm that is not here."""
        return at_rows(self.per_arm[name], self.rows(arms))

    def changed(self, before: Table, names: Iterable[str]) -> NDArray[np.intp] | None:
        """Rows with other numbers under `names` than `before` has, maybe some equal; none where arms are others.

        Of a table that is `before` and a few rows more, only those are named: nothing is looked at.
        """
        if self.arms is not before.arms and self.arms != before.arms:
            return None
        if self._grown is not None and self._grown[0] is before._name:
            return self._grown[1]
        kept = [name for name in names if name in self.per_arm]
        others = {name: self.per_arm[name] != before.per_arm[name] for name in kept}
        return np.flatnonzero(_used(others, len(self.arms)))

    def where(self, kept: NDArray[np.bool_]) -> Table:
        """The rows at the mask `kept` (n,), and all that is shared."""
        rows = np.flatnonzero(kept).tolist()
        return Table.of(
            [self.arms[row] for row in rows],
            {name: column[kept] for name, column in self.per_arm.items()},
            self.shared,
            self.highest,
        )

    def __add__(self, other: Table) -> Table:
        if self.per_arm.keys() != other.per_arm.keys() or self.shared.keys() != other.shared.keys():
            raise Bug("tables of different beliefs cannot be added")
        for mark in (LANDMARK, OPEN + LANDMARK):
            mine, theirs = self.highest.get(mark), other.highest.get(mark)
            if mine is not None and theirs is not None and mine != theirs:
                return self._from(max(mine, theirs), mark) + other._from(max(mine, theirs), mark)
        large, small = (self, other) if len(self.arms) >= len(other.arms) else (other, self)
        touched = large._touched(small)
        return self._merged(other) if touched is None else touched

    def _from(self, landmark: int, mark: str) -> Table:
        """The same in units of 2^`landmark`, where `mark` says so; it is not before its own."""
        by = -min(landmark - self.highest[mark], _MOST_SHIFT)
        if not by:
            return self

        def scaled(columns: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
            return {
                name: np.ldexp(column, by)
                if column.dtype == np.float64 and name.startswith(OPEN) is mark.startswith(OPEN)
                else column
                for name, column in columns.items()
            }

        highest = {**self.highest, mark: landmark}
        return Table.of(self.arms, scaled(self.per_arm), scaled(self.shared), highest)

    def _touched(self, other: Table) -> Table | None:
        """The sum where `other` adds to rows that are here, and none becomes 0: only they are looked at.

        None where it is otherwise. Arms rise, so each is found without a look at all.
        """
        places = [bisect_left(self.arms, arm) for arm in other.arms]
        if other.arms != tuple([self.arms[place] for place in places if place < len(self.arms)]):
            return None
        rows = np.array(places, dtype=np.intp)
        # One row is a slice, which is found sooner.
        at = slice(places[0], places[0] + 1) if len(places) == 1 else rows
        added = {name: column[at] + other.per_arm[name] for name, column in self.per_arm.items()}
        if not _used(added, len(rows)).all():
            return None
        per_arm: dict[str, NDArray[Any]] = {}
        for name, column in self.per_arm.items():
            whole = np.array(column, dtype=added[name].dtype)
            whole[at] = added[name]
            whole.setflags(write=False)
            per_arm[name] = whole
        grown = Table(self.arms, per_arm, *self._beside(other))
        object.__setattr__(grown, "_grown", (self._name, rows))
        return grown

    def _merged(self, other: Table) -> Table:
        """The sum of any two tables."""
        arms = self.arms if self.arms == other.arms else tuple({*self.arms, *other.arms})
        mine, theirs = self.rows(arms), other.rows(arms)
        return Table.of(
            arms,
            {
                name: at_rows(column, mine) + at_rows(other.per_arm[name], theirs)
                for name, column in self.per_arm.items()
            },
            *self._beside(other),
        )

    def _beside(self, other: Table) -> tuple[dict[str, NDArray[Any]], dict[str, int]]:
        """The sum of what is shared, and what is highest; both in normal form."""
        shared = {name: _frozen(value + other.shared[name]) for name, value in self.shared.items()}
        highest = {
            name: max(side[name] for side in (self.highest, other.highest) if name in side)
            for name in sorted({*self.highest, *other.highest})
        }
        return shared, highest

    def __neg__(self) -> Table:
        return Table.of(
            self.arms,
            {name: -column for name, column in self.per_arm.items()},
            {name: -value for name, value in self.shared.items()},
            self.highest,
        )

    def __sub__(self, other: Table) -> Table:
        return self + -other

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Table)
            and self.arms == other.arms
            and _same(self.per_arm, other.per_arm)
            and _same(self.shared, other.shared)
            and self.highest == other.highest
        )

    __hash__ = None  # type: ignore[assignment]  # arrays have no hash


@dataclass(frozen=True, slots=True)
class State:
    """What a policy has learnt: one table per belief of its layout."""

    parts: tuple[Table, ...]


@dataclass(frozen=True, slots=True)
class Evidence:
    """Additive statistics of a batch: one table per belief. A commutative group under `+`."""

    parts: tuple[Table, ...]

    def __add__(self, other: Evidence) -> Evidence:
        return Evidence(tuple(a + b for a, b in zip(self.parts, other.parts, strict=True)))

    def __neg__(self) -> Evidence:
        return Evidence(tuple(-part for part in self.parts))

    def __sub__(self, other: Evidence) -> Evidence:
        return self + -other


class Numbered(NamedTuple):
    """n arms, one after the other, some of them alike.

    Attributes:
        arms: the distinct ones, in order of appearance.
        codes: (n,) the number of each in `arms`.
    """

    arms: list[str]
    codes: NDArray[np.intp]

    @classmethod
    def of(cls, ids: Iterable[str]) -> Numbered:
        """These, by their ids."""
        listed: list[str] = ids.tolist() if isinstance(ids, np.ndarray) else list(ids)
        distinct = list(dict.fromkeys(listed))
        number = {arm: i for i, arm in enumerate(distinct)}.__getitem__
        return cls(distinct, np.fromiter(map(number, listed), np.intp, len(listed)))

    @property
    def ids(self) -> NDArray[np.object_]:
        """(n,) of each."""
        return np.array(self.arms, dtype=object)[self.codes]


def _used(columns: Mapping[str, NDArray[Any]], n: int) -> NDArray[np.bool_]:
    """(n,) whether any number of a row is not 0; columns of one number to a row are looked at first."""
    used: NDArray[np.bool_] | None = None
    for column in sorted(columns.values(), key=_width):
        here: NDArray[np.bool_] = column != 0
        if here.ndim > 1:
            here = np.asarray(here.any(axis=tuple(range(1, here.ndim))))
        used = here if used is None else used | here
        if used.all():
            return used
    return np.zeros(n, dtype=np.bool_) if used is None else used


def _width(column: NDArray[Any]) -> int:
    return column.ndim


def at_rows(column: NDArray[Any], rows: NDArray[np.intp]) -> NDArray[Any]:
    """`column` at `rows`, with 0 at the row behind its last."""
    longer = np.zeros((len(column) + 1, *column.shape[1:]), dtype=column.dtype)
    longer[:-1] = column
    return longer[rows]


def _frozen(array: NDArray[Any]) -> NDArray[Any]:
    """A read-only copy without -0."""
    kept: NDArray[Any] = array + 0.0 if array.dtype == np.float64 else array + 0
    kept.setflags(write=False)
    return kept


def _same(a: Mapping[str, NDArray[Any]], b: Mapping[str, NDArray[Any]]) -> bool:
    return a.keys() == b.keys() and all(
        a[name].dtype == b[name].dtype and np.array_equal(a[name], b[name]) for name in a
    )
