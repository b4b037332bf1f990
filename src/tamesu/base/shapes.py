"""Plain data to typed structs: unknown keys are refused by name, with the close match.

One place knows how Tamesu's structs meet JSON and YAML. Refuses to guess: a value of the wrong type
is an error that says where it stands, never converted silently.
"""

from __future__ import annotations

import math
import types
from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from functools import cache
from typing import Any, Literal, TypeGuard, TypeVar, Union, get_args, get_origin, get_type_hints

import msgspec

from tamesu.base.errors import InvalidDeclaration, InvalidInput
from tamesu.base.times import Duration, Time

MOST_VALUES = 10_000_000
"""More than this nobody writes into one file: 100,000 arms with their metadata have a tenth of it."""

KEY_CHARS = 200
"""Of a key that is named in a message."""

T = TypeVar("T")


def to_wire(value: Any) -> Any:
    """The wire form of what msgspec does not know: times and durations as text."""
    if isinstance(value, Time | Duration):
        return value.text()
    raise NotImplementedError(f"no wire form for {type(value).__name__}")


def from_wire(kind: type, value: Any) -> Any:
    """A time or a duration out of its text."""
    if kind in (Time, Duration):
        if isinstance(value, kind):
            return value
        return kind.parse(value)
    raise NotImplementedError(f"no reader for {kind.__name__}")


def plain(value: Any) -> Any:
    """`value` as dicts, lists, numbers and strings, ready for JSON or YAML."""
    return msgspec.to_builtins(value, enc_hook=to_wire)


def once(pairs: Iterable[tuple[str, T]]) -> dict[str, T]:
    """The mapping of `pairs`; decoders differ in which of two with the same key counts.

    Raises:
        InvalidInput: a key stands twice.
    """
    found: dict[str, T] = {}
    for key, value in pairs:
        if key in found:
            named = key[:KEY_CHARS]
            raise InvalidInput(
                f"a key may stand once in an object, {named!r} stands twice", field=named
            )
        found[key] = value
    return found


def convert(
    data: Any, shape: type[T], where: str, error: type[InvalidInput] = InvalidDeclaration
) -> T:
    """`data` as a `shape`.

    Args:
        data: dicts, lists, numbers and strings.
        shape: a msgspec struct type.
        where: what to call the outermost object in a message.
        error: the error to raise.

    Raises:
        InvalidInput: an unknown key (named, with the close match) or a value of the wrong type.
    """
    refuse_unknown(data, shape, where, error)
    try:
        return msgspec.convert(data, shape, dec_hook=_from_wire_in_place)
    except UnicodeEncodeError as problem:
        raise error(
            f"{where} must hold texts that UTF-8 can write, got one with half of a surrogate pair",
            where=where,
        ) from problem
    except msgspec.ValidationError as problem:
        text = str(problem).replace("Object missing", "missing")
        # msgspec names the place of what lies within, not of the outermost object.
        text = text.replace("`$", f"`{where}") if "`$" in text else f"{text} - at `{where}`"
        hint = problem.__cause__.hint if isinstance(problem.__cause__, _MisreadError) else ""
        raise error(f"{text[:1].lower()}{text[1:]}", hint=hint, where=where) from problem


class _MisreadError(ValueError):
    """What `from_wire` refused, in the form to which msgspec adds the place."""

    def __init__(self, refused: InvalidInput) -> None:
        super().__init__(refused.message)
        self.hint = refused.hint


def _from_wire_in_place(kind: type, value: Any) -> Any:
    try:
        return from_wire(kind, value)
    except InvalidInput as refused:
        raise _MisreadError(refused) from refused


@cache
def fields_of(shape: type) -> Mapping[str, Any]:
    """Wire name to annotation of every field of a struct type; worked out once per type."""
    hints = get_type_hints(shape)
    return types.MappingProxyType(
        {field.encode_name: hints[field.name] for field in msgspec.structs.fields(shape)}
    )


def refuse_unknown(data: Any, shape: Any, where: str, error: type[InvalidInput]) -> None:
    """Raises `error` for the first key, at any depth, that `shape` does not have.

    Also for a word where others are known.
    """
    words = _words(shape)
    if words and isinstance(data, str) and data not in words:
        raise error.unknown_choice(data, words, where)
    if _is_struct(shape) and is_mapping(data):
        known = fields_of(shape)
        for key in data:
            if key not in known:
                raise error.unknown_field(str(key), known, where)
    for item, kind, place in _members(data, shape, where):
        refuse_unknown(item, kind, place, error)


def _members(data: Any, shape: Any, where: str) -> Iterator[tuple[Any, Any, str]]:
    """The values inside `data`, each with its declared type and its place."""
    origin = get_origin(shape)
    if origin in (Union, types.UnionType):
        yield from ((data, member, where) for member in get_args(shape))
    elif origin in (list, tuple) and is_sequence(data):
        yield from ((item, get_args(shape)[0], f"{where}[{i}]") for i, item in enumerate(data))
    elif origin in (dict, Mapping) and is_mapping(data):
        yield from ((item, get_args(shape)[1], f"{where}.{key}") for key, item in data.items())
    elif _is_struct(shape) and is_mapping(data):
        known = fields_of(shape)
        yield from ((item, known[key], f"{where}.{key}") for key, item in data.items())


def is_mapping(data: Any) -> TypeGuard[Mapping[str, Any]]:
    """Whether plain data is a mapping."""
    return isinstance(data, Mapping)


def is_sequence(data: Any) -> TypeGuard[Sequence[Any]]:
    """Whether plain data is a list or a tuple."""
    return isinstance(data, list | tuple)


def values_in(data: Any) -> float:
    """How many values plain data holds, one that stands in several places counted in each.

    A few lines of YAML may stand for billions, by naming what stands above them; infinite where a
    value stands within itself.
    """
    return _values_in(data, {})


def _values_in(data: Any, counted: dict[int, float]) -> float:
    if not (is_mapping(data) or is_sequence(data)):
        return 1.0
    if id(data) not in counted:
        counted[id(data)] = (
            math.inf
        )  # until it is known: whoever meets it meanwhile stands within it
        members = data.values() if is_mapping(data) else data
        counted[id(data)] = 1.0 + sum(_values_in(one, counted) for one in members)
    return counted[id(data)]


def _words(shape: Any) -> list[str]:
    """The words of an enumeration or a literal; none where anything else may stand."""
    if isinstance(shape, type) and issubclass(shape, StrEnum):
        return [each.value for each in shape]
    return list(get_args(shape)) if get_origin(shape) is Literal else []


def _is_struct(shape: Any) -> bool:
    return isinstance(shape, type) and issubclass(shape, msgspec.Struct)
