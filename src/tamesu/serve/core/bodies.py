"""Bodies: JSON bytes into structs, or into plain data.

The clear message for a wrong body is made only when a body is wrong. Refuses what decoders read differently:
NaN and Infinity, keys that stand twice, nesting without end.
"""

from __future__ import annotations

import json
from typing import Any, Generic, Protocol, TypeVar

import msgspec

from tamesu.base import InvalidInput, TooLarge, convert
from tamesu.base.shapes import once

MAX_NESTING = 32
"""Most objects and lists within each other."""

_ESCAPED_COLON = b"\\u003"
"""How a colon can be written without one."""


class Spelt(Protocol):
    """What can be read."""

    @property
    def colons(self) -> int:
        """How many colons spell it out at least, see `refuse_repeated`."""
        ...


T = TypeVar("T", bound=Spelt)


class Reader(Generic[T]):
    """Reads one shape out of JSON bytes.

    Args:
        shape: a struct type.
        where: what to call the outermost object in messages.
    """

    def __init__(self, shape: type[T], where: str) -> None:
        self._shape = shape
        self._where = where
        self._decode = msgspec.json.Decoder(shape).decode

    def __call__(self, body: bytes) -> T:
        """The struct that `body` spells out.

        Raises:
            InvalidInput: not JSON, an unknown field (named, with the close match), a wrong type, a key
                that stands twice.
            TooLarge: nested too deeply.
        """
        try:
            read = self._decode(body)
        except msgspec.ValidationError:
            return convert(read_json(body), self._shape, self._where, InvalidInput)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            read_json(body)
            raise
        if _may_nest(body):
            _refuse_deep(_anything.decode(body))
        refuse_repeated(body, read.colons)
        return read


_anything = msgspec.json.Decoder()


def read_json(body: bytes) -> Any:
    """Plain data out of JSON bytes.

    Raises:
        InvalidInput: empty or not JSON (NaN and Infinity are none), or a key stands twice in an object.
        TooLarge: nested deeper than `MAX_NESTING`.
    """
    if not body:
        raise InvalidInput("the body must be JSON, it is empty")
    try:
        data = _anything.decode(body)
    except RecursionError as error:
        raise too_deep() from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InvalidInput(f"the body must be JSON: {error}") from error
    if _may_nest(body):
        _refuse_deep(data)
    refuse_repeated(body, _keys_of(data))
    return data


def refuse_repeated(body: bytes, colons: int) -> None:
    """Refuses JSON in which a key stands twice in an object: decoders differ in which of them counts.

    Args:
        body: that was read without an error.
        colons: how many spell out at least what was read of it: a body that has no more of them, and writes
            none as an escape, has no other key.

    Raises:
        InvalidInput: as said, with the key.
    """
    if body.count(b":") <= colons and _ESCAPED_COLON not in body:
        return
    # Numbers stay texts: they may be longer than Python likes to read.
    json.loads(body, object_pairs_hook=once, parse_int=str, parse_float=str)


def _keys_of(data: Any) -> int:
    """How many keys all objects of `data` have."""
    keys, level = 0, [data]
    while level:
        objects = [item for item in level if isinstance(item, dict)]
        keys += sum(map(len, objects))
        inner = [value for each in objects for value in each.values()]
        inner += [value for each in level if isinstance(each, list) for value in each]
        level = [value for value in inner if isinstance(value, dict | list)]
    return keys


def _may_nest(body: bytes) -> bool:
    """Whether `body` has brackets enough to nest too deeply."""
    return body.count(b"{") + body.count(b"[") > MAX_NESTING


def _refuse_deep(data: Any) -> None:
    if deeper_than(data, MAX_NESTING):
        raise too_deep()


def too_deep() -> TooLarge:
    """The error for a body nested too deeply."""
    return TooLarge(f"a body may nest {MAX_NESTING} levels of objects and lists, got more")


def deeper_than(data: Any, limit: int) -> bool:
    """Whether `data` nests more than `limit` levels of objects and lists."""
    level = [data]
    for _ in range(limit):
        level = [
            inner
            for outer in level
            if isinstance(outer, dict | list)
            for inner in (outer.values() if isinstance(outer, dict) else outer)
        ]
        if not level:
            return False
    return any(isinstance(item, dict | list) for item in level)
