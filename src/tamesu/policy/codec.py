"""States to bytes and back, canonically: equal states give equal bytes.

MessagePack of version, belief and tables; arrays as little-endian bytes with type and shape, integers
of any size (`object`) with as many bytes each as the largest of them needs.
Refuses bytes of another belief or version.
"""

from __future__ import annotations

from math import prod
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from tamesu.base import Corrupt
from tamesu.policy.table import State, Table

VERSION = 1
_TYPES = {"int64": "<i8", "float64": "<f8"}


class _Array(msgspec.Struct, frozen=True, array_like=True):
    type: str
    shape: tuple[int, ...]
    data: bytes


class _Part(msgspec.Struct, frozen=True, array_like=True):
    arms: tuple[str, ...]
    per_arm: dict[str, _Array]
    shared: dict[str, _Array]


class _Marked(_Part, frozen=True, array_like=True):
    highest: dict[str, int] = {}


class _Written(msgspec.Struct, frozen=True, array_like=True):
    v: int
    belief: str
    parts: tuple[_Marked, ...]


_encoder = msgspec.msgpack.Encoder(order="deterministic")
_decoder = msgspec.msgpack.Decoder(_Written)


def encode_state(state: State, belief: str) -> bytes:
    """The bytes of a state of the belief kind `belief`."""
    return _encoder.encode(
        _Written(
            VERSION,
            belief,
            tuple(_written_part(part) for part in state.parts),
        )
    )


def decode_state(data: bytes, belief: str, empty: State) -> State:
    """The state that `encode_state` wrote.

    Args:
        data: the bytes.
        belief: the kind it must be of.
        empty: a state that has learnt nothing, for the shape that is due.

    Raises:
        Corrupt: other bytes, another version, or a state that is not this policy's.
    """
    try:
        written = _decoder.decode(data)
        state = State(tuple(_read_part(part) for part in written.parts))
    except (msgspec.MsgspecError, KeyError, ValueError, UnicodeDecodeError) as problem:
        raise Corrupt(
            f"a state must be what a policy encoded, got bytes that do not read: {problem}"
        ) from problem
    if written.v != VERSION:
        raise Corrupt(f"a state must be of version {VERSION}, got {written.v}")
    if written.belief != belief:
        raise Corrupt(f"the state must be of belief {belief!r}, got {written.belief!r}")
    if [_names(part) for part in state.parts] != [_names(part) for part in empty.parts]:
        raise Corrupt(f"the state must have the columns of belief {belief!r} and of its layout")
    return state


def _written_part(part: Table) -> Any:
    """A part as it is written; one in which nothing is `highest` as before there was such a thing."""
    columns = (
        part.arms,
        {name: _written(column) for name, column in part.per_arm.items()},
        {name: _written(value) for name, value in part.shared.items()},
    )
    return _Marked(*columns, dict(part.highest)) if part.highest else _Part(*columns)


def _written(array: NDArray[Any]) -> _Array:
    kind = array.dtype.name
    if kind == "object":
        numbers = array.ravel().tolist()
        width = max((number.bit_length() // 8 + 1 for number in numbers), default=1)
        data = b"".join(number.to_bytes(width, "little", signed=True) for number in numbers)
        return _Array(kind, array.shape, data)
    return _Array(kind, array.shape, array.astype(_TYPES[kind]).tobytes())


def _read(array: _Array) -> NDArray[Any]:
    if array.type == "object":
        return _read_integers(array)
    values = np.frombuffer(array.data, dtype=_TYPES[array.type]).reshape(array.shape)
    return values.astype(array.type)


def _read_integers(array: _Array) -> NDArray[np.object_]:
    """Integers of any size, all written with as many bytes as the largest needs."""
    count = prod(array.shape)
    width = len(array.data) // max(count, 1)
    if width * count != len(array.data) or (count and not width):
        raise ValueError("bytes and shape differ")
    parts = (array.data[place : place + width] for place in range(0, width * count, width or 1))
    values = np.empty(count, dtype=object)
    values[:] = [int.from_bytes(part, "little", signed=True) for part in parts]
    return values.reshape(array.shape)


def _read_part(part: _Marked) -> Table:
    per_arm = {name: _read(column) for name, column in part.per_arm.items()}
    if any(column.shape[:1] != (len(part.arms),) for column in per_arm.values()):
        raise ValueError("columns and arms differ in length")
    shared = {name: _read(value) for name, value in part.shared.items()}
    return Table.of(part.arms, per_arm, shared, part.highest)


def _names(part: Table) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    return (
        [(name, column.dtype.name) for name, column in part.per_arm.items()],
        [(name, value.dtype.name) for name, value in part.shared.items()],
    )
