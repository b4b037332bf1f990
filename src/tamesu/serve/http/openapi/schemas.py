"""Structs as JSON Schema (2020-12), with defaults as they are written and the meanings of fields.

msgspec's own generator stops at a default that is a length of time, and knows no meanings. Meanings
come from the `Attributes` of docstrings. Of a type that it does not know, as a plug-in may have, it
says that it may be anything. Refuses to know any struct by name.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable
from enum import Enum
from typing import Any, TypeAlias

import msgspec
from msgspec import inspect as types

from tamesu.base import Duration, Time
from tamesu.serve.core.wire import write

REF = "#/components/schemas/"

TIME = {
    "type": "string",
    "format": "date-time",
    "description": "RFC 3339 with an offset.",
    "examples": ["2026-11-22T10:00:00.000000Z"],
}
DURATION = {
    "type": "string",
    "pattern": r"^[0-9]{1,18}(\.[0-9]{1,18})?(us|ms|s|m|h|d)$",
    "description": "A number and a unit: us, ms, s, m, h or d.",
    "examples": ["15m"],
}
_PLAIN = {
    types.AnyType: {},
    types.NoneType: {"type": "null"},
    types.BoolType: {"type": "boolean"},
    types.IntType: {"type": "integer"},
    types.FloatType: {"type": "number"},
    types.StrType: {"type": "string"},
}
_Fielded: TypeAlias = types.StructType | types.TypedDictType | types.DataclassType
_CUSTOM = {Time: TIME, Duration: DURATION}


def ref(name: str) -> dict[str, Any]:
    """A reference to the schema `name`."""
    return {"$ref": f"{REF}{name}"}


def schemas(shapes: Iterable[Any], prefix: str = "") -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """The schema of each of `shapes`, and the named ones that they refer to, enumerations included.

    Args:
        shapes: types as structs use them; of two structs with one name the first is taken.
        prefix: of every name.
    """
    named: dict[str, Any] = {}
    told = [_schema(types.type_info(shape), named, prefix) for shape in shapes]
    return told, named


def meanings(docstring: str) -> tuple[str, dict[str, str]]:
    """What a docstring says of the whole, and of each field among its `Attributes`."""
    whole, _, listed = inspect.cleandoc(docstring).partition("Attributes:\n")
    found = {}
    for entry in re.split(r"\n(?=    \S)", "\n" + listed.split("\n\n")[0]):
        names, colon, text = entry.partition(":")
        if colon:
            for name in names.split(","):
                found[name.strip()] = " ".join(text.split())
    return " ".join(whole.split()), found


def _schema(kind: types.Type, named: dict[str, Any], prefix: str) -> dict[str, Any]:  # noqa: PLR0911 - one a sort
    def of(inner: types.Type) -> dict[str, Any]:
        return _schema(inner, named, prefix)

    match kind:
        case types.StructType() | types.TypedDictType() | types.DataclassType():
            _name(kind.cls, lambda: _struct(kind, named, prefix), named, prefix)
            return ref(prefix + kind.cls.__name__)
        case types.EnumType():
            _name(kind.cls, lambda: _enumeration(kind.cls), named, prefix)
            return ref(prefix + kind.cls.__name__)
        case types.CustomType():
            return dict(_CUSTOM.get(kind.cls, {}))
        case types.UnionType():
            return {"anyOf": [of(one) for one in kind.types]}
        case types.LiteralType():
            return {"enum": sorted(kind.values)}
        case types.ListType() | types.VarTupleType():
            return {"type": "array", "items": of(kind.item_type)}
        case types.TupleType():
            size = len(kind.item_types)
            members = [of(one) for one in kind.item_types]
            return {"type": "array", "prefixItems": members, "minItems": size, "maxItems": size}
        case types.DictType():
            return {"type": "object", "additionalProperties": of(kind.value_type)}
        case _:
            return dict(_PLAIN.get(type(kind), {}))


def _name(cls: type, make: Any, named: dict[str, Any], prefix: str) -> None:
    name = prefix + cls.__name__
    if name not in named:
        named[name] = {}  # so that a struct within itself ends
        named[name] = make()


def _enumeration(cls: type[Enum]) -> dict[str, Any]:
    whole, _ = meanings(cls.__doc__ or "")
    return {"enum": [one.value for one in cls], **({"description": whole} if whole else {})}


def _struct(kind: _Fielded, named: dict[str, Any], prefix: str) -> dict[str, Any]:
    whole, of_fields = meanings(kind.cls.__doc__ or "")
    properties: dict[str, Any] = {}
    for field in kind.fields:
        schema = _schema(field.type, named, prefix)
        meaning = of_fields.get(field.encode_name)
        if meaning:
            schema["description"] = meaning
        default = field.default
        if field.default_factory is not msgspec.NODEFAULT:
            default = field.default_factory()
        if default not in (msgspec.NODEFAULT, msgspec.UNSET, None):
            schema["default"] = msgspec.json.decode(write(default))
        properties[field.encode_name] = schema
    return {
        "type": "object",
        **({"description": whole} if whole else {}),
        "properties": properties,
        "required": [field.encode_name for field in kind.fields if field.required],
        **({"additionalProperties": False} if getattr(kind, "forbid_unknown_fields", True) else {}),
    }
