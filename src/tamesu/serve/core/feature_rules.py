"""Which features may be kept, and of what.

Refuses what no context can have: nothing is kept that a decision could not record.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import msgspec

from tamesu.base import InvalidInput, NotFound, TooLarge
from tamesu.base.errors import close_match
from tamesu.serve.core.wire import check_text

ENTITIES = ("unit",)
"""Of what features are kept."""

MOST_BYTES = 4096
"""Of the features of one key, as JSON."""

MOST_LISTED = 64
"""Members of a list among them."""

MOST_NUMBER = 2**53
"""Whole numbers up to here are the same in every reader of JSON."""


def read_features(entity: str, key: str, data: Any) -> Mapping[str, Any]:
    """The features that plain data is.

    Raises:
        NotFound: no such entity.
        InvalidInput: no object, a value that no context can have, or too much.
    """
    check_key(entity, key)
    if not isinstance(data, dict):
        raise InvalidInput(
            f"features must be an object of names and values, got {_kind(data)}",
            hint='for example  {"plan": "pro", "visits": 12}',
        )
    for name, value in data.items():
        check_text(name, "the name of a feature")
        members = value if isinstance(value, list) else [value]
        if len(members) > MOST_LISTED:
            raise InvalidInput(
                f"a list may have {MOST_LISTED} members, feature {name!r} has {len(members):,}",
                field=name,
            )
        for member in members:
            _check_scalar(name, member)
    size = len(msgspec.json.encode(data))
    if size > MOST_BYTES:
        raise TooLarge(f"features may have {MOST_BYTES:,} bytes as JSON, got {size:,}")
    return data


def check_key(entity: str, key: str) -> None:
    """Refuses what names nothing of which features are kept.

    Raises:
        NotFound: no such entity.
        InvalidInput: a key that no unit can have.
    """
    if entity not in ENTITIES:
        match = close_match(entity, ENTITIES)
        raise NotFound(
            f"features are kept of {' and '.join(ENTITIES)}, got {entity[:80]!r}",
            hint=f"did you mean {match!r}?"
            if match
            else "PUT /v1/features/unit/KEY, where KEY is what requests send as unit",
            entity=entity[:80],
        )
    check_text(key, "unit")


def _check_scalar(name: str, value: Any) -> None:
    if isinstance(value, int | float) and not isinstance(value, bool):
        whole = isinstance(value, int) and abs(value) > MOST_NUMBER
        if whole or not math.isfinite(value):
            raise InvalidInput(
                f"a number must be finite, a whole one within ±2^53: feature {name!r} is not",
                field=name,
            )
    elif not isinstance(value, bool | str):
        raise InvalidInput(
            "a feature must be a number, a text, true, false or a list of these, "
            f"{name!r} has {_kind(value)}",
            hint="leave out what is not known" if value is None else "",
            field=name,
        )


def _kind(value: Any) -> str:
    names = {
        dict: "an object",
        list: "a list",
        str: "a text",
        type(None): "null",
        bool: "a boolean",
    }
    return names.get(type(value), "a number")
