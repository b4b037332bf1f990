"""`Encoder`: contexts and arms' features into columns, as one declaration asks for it.

    context columns   every feature of the context, then the interactions among them
    arm columns       every feature of an arm, then the interactions among those
    joint columns     1, context columns, arm columns, then the interactions of a context's with an arm's

Refuses to learn anything: constants come from the schema alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from tamesu.base import Declaration, InvalidDeclaration, InvalidInput, ShapeMismatch
from tamesu.base.errors import close_match, listing
from tamesu.base.feature import MAX_WIDTH, Schema, Vector
from tamesu.policy.features.columns import columns_of

Floats: TypeAlias = NDArray[np.float64]
Values: TypeAlias = Mapping[str, Any]
"""Values of features by name; `None` is a value that is missing."""


class Cross(NamedTuple):
    """An interaction of a context's columns with an arm's, as slices of both."""

    context: slice
    arm: slice


class Encoder:
    """What one declaration makes of features.

    Example:
        >>> from tamesu.base import Declaration
        >>> schema = {"hour": {"type": "cyclic", "period": 24}, "member": "boolean"}
        >>> encoder = encoder_of(Declaration.parse({"name": "x", "arms": ["a"], "context": schema}))
        >>> encoder.names
        ('hour.cos', 'hour.sin', 'member')
        >>> encoder.context({"hour": 0, "member": True})
        array([1., 0., 1.])

    Attributes:
        names, arm_names, joint_names: of the columns.
        width, arm_width, joint_width: how many they are.
        crosses: of the context's columns with the arms'.
    """

    def __init__(self, context: _Block, arm: _Block, crosses: Sequence[Cross]) -> None:
        self._context, self._arm = context, arm
        self.crosses = tuple(crosses)
        self.names, self.arm_names = context.names, arm.names
        self.width, self.arm_width = len(context.names), len(arm.names)
        self.joint_names = (
            "1",
            *self.names,
            *self.arm_names,
            *(
                f"{one} × {other}"
                for cross in crosses
                for one in self.names[cross.context]
                for other in self.arm_names[cross.arm]
            ),
        )
        self.joint_width = len(self.joint_names)

    def context(self, values: Values | Sequence[float] | Floats | None) -> Floats:
        """(width,) columns of one context; a list of numbers will do where the schema is one vector.

        Raises:
            InvalidInput: an unknown name (with the close match), a value missing or outside of its
                schema.
            ShapeMismatch: a list of another length, or where names are needed.
        """
        return self._context.encode(values)

    def contexts(self, many: Sequence[Values | None] | Floats) -> Floats:
        """(n, width) columns of n contexts; or (n, width) numbers where the schema is one vector.

        Raises:
            InvalidInput, ShapeMismatch: as `context`.
        """
        return self._context.encode_many(many)

    def arms(self, many: Sequence[Values | None]) -> Floats:
        """(n, arm_width) columns of the features of n arms.

        Raises:
            InvalidInput: as `context`.
        """
        return self._arm.encode_many(many)

    def joint(self, contexts: Floats, arms: Floats) -> Floats:
        """(n, joint_width) joint columns of n pairs: `contexts` (n, width), `arms` (n, arm_width)."""
        n = len(contexts)
        parts = [np.ones((n, 1)), contexts, arms]
        for context, arm in self.crosses:
            crossed = contexts[:, context, None] * arms[:, None, arm]
            parts.append(crossed.reshape(n, -1))
        return np.concatenate(parts, axis=1)

    def mixing(self, context: Floats) -> Floats:
        """(joint_width, 1 + arm_width) matrix T: joint columns of `context` and an arm f are T (1, f)."""
        w, a = self.width, self.arm_width
        mixing = np.zeros((self.joint_width, 1 + a))
        mixing[0, 0] = 1.0
        mixing[1 : 1 + w, 0] = context
        mixing[1 + w : 1 + w + a, 1:] = np.eye(a)
        row = 1 + w + a
        for ours, arm in self.crosses:
            places = range(1 + arm.start, 1 + arm.stop)
            for value in context[ours].tolist():
                for place in places:
                    mixing[row, place] = value
                    row += 1
        return mixing


class _Block:
    """The features of a context, or of an arm: a schema and the interactions inside it."""

    def __init__(self, schema: Schema, pairs: Sequence[tuple[str, str]], what: str) -> None:
        self._what = what
        self._field = "context" if what == "the context" else "features"
        self._free = "context-free" if what == "the context" else "without arm_features"
        self._columns = {name: columns_of(name, feature) for name, feature in schema.items()}
        self.slices: dict[str, slice] = {}
        names: list[str] = []
        for name, columns in self._columns.items():
            self.slices[name] = slice(len(names), len(names) + len(columns.names))
            names += columns.names
        self._pairs = [(self.slices[one], self.slices[other]) for one, other in pairs]
        first = tuple(names)
        for one, other in self._pairs:
            names += [f"{a} × {b}" for a in first[one] for b in first[other]]
        self.names = tuple(names)
        sole = next(iter(schema.values()), None)
        self._vector = len(schema) == 1 and isinstance(sole, Vector) and not pairs

    def encode(self, values: Values | Sequence[float] | Floats | None) -> Floats:
        if values is not None and not isinstance(values, Mapping):
            return self._numbers(values, (len(self.names),))
        given: Values = {} if values is None else values
        if not self._columns.keys() >= given.keys():
            self._refuse_unknown(given)
        numbers: list[float] = []
        for name, columns in self._columns.items():
            value = given.get(name)
            if value is not None:
                numbers += columns.encode(value)
            elif columns.missing is not None:
                numbers += columns.missing
            else:
                raise self._missing(given)
        row = np.array(numbers, dtype=np.float64)
        if self._pairs:
            crossed = [np.outer(row[one], row[other]).reshape(-1) for one, other in self._pairs]
            row = np.concatenate([row, *crossed])
        return row

    def encode_many(self, many: Sequence[Values | None] | Floats) -> Floats:
        named = not isinstance(many, np.ndarray) or many.dtype == object
        if named and all(one is None or isinstance(one, Mapping) for one in many):
            rows = [self.encode(one) for one in many]
            return np.array(rows, dtype=np.float64).reshape(len(rows), len(self.names))
        return self._numbers(many, (len(many), len(self.names)))

    def _numbers(self, values: Any, shape: tuple[int, ...]) -> Floats:
        """Numbers as they are, where the schema is one vector."""
        if not self._columns:
            if np.shape(values) == shape:
                return np.empty(shape)
            raise self._nothing()
        if not self._vector:
            raise ShapeMismatch(
                f"{self._what} must be given by name, got {type(values).__name__}",
                hint=f"for example  {{{next(iter(self._columns), 'name')!r}: ...}}",
            )
        try:
            numbers = np.array(values, dtype=np.float64)
        except (TypeError, ValueError, OverflowError) as problem:
            raise ShapeMismatch(f"{self._what} must be numbers of shape {shape}") from problem
        if numbers.shape != shape:
            raise ShapeMismatch(
                f"{self._what} must have shape {shape}, got {numbers.shape}",
            )
        if not np.isfinite(numbers).all():
            raise InvalidInput(f"{self._what} must hold finite numbers alone")
        return numbers

    def _nothing(self) -> InvalidInput:
        return InvalidInput(
            f"{self._what} must be empty: the declaration is {self._free}, it asks for no features",
            hint="leave it out, or declare what it tells",
            field=self._field,
        )

    def _refuse_unknown(self, given: Values) -> None:
        if not self._columns:
            raise self._nothing()
        known = list(self._columns)
        for name in given:
            if name not in self._columns:
                match = close_match(str(name), known)
                raise InvalidInput(
                    f"{self._what} has no feature {str(name)[:80]!r}, known: "
                    f"{listing(known) if known else 'none'}",
                    hint=f"did you mean {match!r}?" if match else "leave it out, or declare it",
                    field=str(name)[:80],
                )

    def _missing(self, given: Values) -> InvalidInput:
        names = [
            name
            for name, columns in self._columns.items()
            if given.get(name) is None and columns.missing is None
        ]
        return InvalidInput(
            f"{self._what} must have {listing(names)}, got none",
            hint="or declare what stands for it:  missing: ...",
            field=names[0],
        )


def encoder_of(declaration: Declaration) -> Encoder:
    """The encoder of a declaration, whose own arms fit it.

    Raises:
        InvalidDeclaration: more columns than can be, or an arm whose features are not of the schema.
    """
    within: dict[str, list[tuple[str, str]]] = {"context": [], "arm": []}
    across: list[tuple[str, str]] = []
    for one, other in declaration.interactions:
        kinds = {"context" if name in declaration.context else "arm" for name in (one, other)}
        if len(kinds) == 1:
            within[kinds.pop()].append((one, other))
        else:
            across.append((one, other) if one in declaration.context else (other, one))
    context = _Block(declaration.context, within["context"], "the context")
    arm = _Block(declaration.arm_features, within["arm"], "an arm")
    crosses = [Cross(context.slices[one], arm.slices[other]) for one, other in across]
    encoder = Encoder(context, arm, crosses)
    if encoder.joint_width > MAX_WIDTH:
        raise InvalidDeclaration(
            f"features may make {MAX_WIDTH:,} columns in all, these make {encoder.joint_width:,}",
            hint="fewer values, buckets or interactions",
        )
    for declared in declaration.arms:
        try:
            encoder.arms([declared.features])
        except InvalidInput as problem:
            raise InvalidDeclaration(
                f"the features of arm {declared.id!r} must fit arm_features: {problem.message}",
                hint=problem.hint,
            ) from problem
    return encoder
