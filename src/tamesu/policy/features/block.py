"""The features of a context, or of an arm: a schema and the interactions inside it, compiled.

Refuses what does not fit, by name; and to know of the other block.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from tamesu.base import InvalidInput, ShapeMismatch
from tamesu.base.errors import close_match, listing
from tamesu.base.feature import Schema, Vector
from tamesu.policy.features.columns import Write, WriteMany, columns_of
from tamesu.policy.features.numbers import LARGEST, LARGEST_FACTOR, row_of, rows_of

Floats: TypeAlias = NDArray[np.float64]
Places: TypeAlias = NDArray[np.intp]
Values: TypeAlias = Mapping[str, Any]
"""Values of features by name; `None` is a value that is missing."""


class Speech(NamedTuple):
    """How messages speak of a block.

    Attributes:
        what: it is, `the context`.
        field: that it came in.
        free: of a declaration that asks for none of it.
    """

    what: str
    field: str
    free: str


CONTEXT = Speech("the context", "context", "context-free")
ARM = Speech("an arm", "features", "without arm_features")


class _Field(NamedTuple):
    name: str
    write: Write
    write_many: WriteMany
    missing: Any


class Block:
    """Values into rows of columns: first those of each feature, then those of the interactions.

    Args:
        schema: the features by name.
        pairs: names of two features each: the columns of one times those of the other.
        factors: names of features that interact with any other, here or elsewhere.
        speech: how messages call it.

    Attributes:
        names: of the columns.
        slices: where those of each feature are, by name.
    """

    def __init__(
        self,
        schema: Schema,
        pairs: Sequence[tuple[str, str]],
        factors: frozenset[str],
        speech: Speech,
    ) -> None:
        self._speech = speech
        self.slices: dict[str, slice] = {}
        names: list[str] = []
        fields: list[_Field] = []
        for name, feature in schema.items():
            largest = LARGEST_FACTOR if name in factors else LARGEST
            columns = columns_of(name, feature, len(names), largest)
            fields.append(_Field(name, columns.write, columns.write_many, feature.missing))
            self.slices[name] = slice(len(names), len(names) + len(columns.names))
            names += columns.names
        self._fields = tuple(fields)
        self._plain = len(names)
        self._left, self._right = crossing([(self.slices[a], self.slices[b]) for a, b in pairs])
        crossed = zip(self._left.tolist(), self._right.tolist(), strict=True)
        self.names = (*names, *(f"{names[one]} × {names[other]}" for one, other in crossed))
        self._width = len(self.names)
        sole = next(iter(schema.values()), None)
        self._vector = len(schema) == 1 and isinstance(sole, Vector)
        self._largest = LARGEST_FACTOR if factors.intersection(schema) else LARGEST

    def encode(self, values: Values | Sequence[float] | Floats | None) -> Floats:
        """(width,) columns of one."""
        if values is None:
            values = {}
        elif isinstance(values, np.ndarray) or not isinstance(values, Mapping):
            return row_of(self._sole(values), values, self._plain, self._largest)
        row = np.zeros(self._width)
        told = 0
        value_of = values.get
        for name, write, _, missing in self._fields:
            value = value_of(name)
            if value is not None:
                told += 1
            else:
                value = missing
                if value is None:
                    raise self._missing(values)
            write(value, row)
        if told != len(values):
            self._refuse_unknown(values)
        if len(self._left):
            row[self._plain :] = row.take(self._left) * row.take(self._right)
        return row

    def encode_many(self, many: Sequence[Any] | NDArray[Any]) -> Floats:
        """(n, width) columns of n: mappings or lists, or an array of numbers (n, size of the one vector).

        Raises:
            InvalidInput, ShapeMismatch: as `encode`; where some are refused, for the first of them.
        """
        numbers = isinstance(many, np.ndarray) and many.dtype != object
        named = [] if numbers else [one is None or isinstance(one, Mapping) for one in many]
        if (numbers or not any(named)) and (self._vector or not self._fields):
            return rows_of(self._sole(many), many, self._plain, self._largest)
        if numbers or not all(named):
            return np.array([self.encode(one) for one in many])
        return self._named([{} if one is None else one for one in many])

    def _named(self, given: Sequence[Values]) -> Floats:
        """`encode_many` of mappings: field by field."""
        rows = np.zeros((len(given), self._width))
        told = np.zeros(len(rows), dtype=np.intp)
        try:
            for name, _, write_many, missing in self._fields:
                values = [one.get(name) for one in given]
                absent = [place for place, value in enumerate(values) if value is None]
                told += 1
                if absent:
                    told[absent] -= 1
                    for place in absent:
                        values[place] = missing
                    if missing is None:
                        raise self._missing(given[absent[0]])
                write_many(values, rows)
        except InvalidInput:
            self._refuse_first(given)
            raise
        if told.tolist() != [len(one) for one in given]:
            for one in given:
                self._refuse_unknown(one)
        rows[:, self._plain :] = rows[:, self._left] * rows[:, self._right]
        return rows

    def _refuse_first(self, given: Sequence[Values]) -> None:
        """Raises for the first of `given` that does not fit."""
        for one in given:
            self.encode(one)

    def _sole(self, values: Any) -> str:
        """The name of the one vector that this schema is: then its numbers stand for it.

        Raises:
            InvalidInput: it is another.
        """
        if not self._fields:
            if np.size(values) == 0:
                return ""
            raise self._nothing()
        if not self._vector:
            name = next(iter(self.slices))
            raise ShapeMismatch(
                f"{self._speech.what} must be given by name, got {type(values).__name__}",
                hint=f"for example  {{{name!r}: ...}}",
                field=self._speech.field,
            )
        return self._fields[0].name

    def _nothing(self) -> InvalidInput:
        return InvalidInput(
            f"{self._speech.what} must be empty: the declaration is {self._speech.free}, "
            "it asks for no features",
            hint="leave it out, or declare what it tells",
            field=self._speech.field,
        )

    def _refuse_unknown(self, given: Values) -> None:
        """Raises for the first name of `given` that the schema does not have."""
        for name in given:
            if name not in self.slices:
                if not self._fields:
                    raise self._nothing()
                match = close_match(str(name), self.slices)
                raise InvalidInput(
                    f"{self._speech.what} has no feature {str(name)[:80]!r}, known: "
                    f"{listing(self.slices)}",
                    hint=f"did you mean {match!r}?" if match else "leave it out, or declare it",
                    field=str(name)[:80],
                )

    def _missing(self, given: Values) -> InvalidInput:
        """The refusal of `given`, which lacks a feature: of a name it should not have, or of the lack."""
        self._refuse_unknown(given)
        names = [
            name
            for name, _, _, missing in self._fields
            if given.get(name) is None and missing is None
        ]
        return InvalidInput(
            f"{self._speech.what} must have {listing(names)}, got none",
            hint="or declare what stands for it:  missing: ...",
            field=names[0],
        )


def crossing(pairs: Sequence[tuple[slice, slice]]) -> tuple[Places, Places]:
    """Places of both factors of each column that interactions of slices make: the second's run faster."""
    left = [np.repeat(np.r_[one], other.stop - other.start) for one, other in pairs]
    right = [np.tile(np.r_[other], one.stop - one.start) for one, other in pairs]
    nothing = [np.empty(0, dtype=np.intp)]
    return np.concatenate([*left, *nothing]).astype(np.intp), np.concatenate(
        [*right, *nothing]
    ).astype(np.intp)
