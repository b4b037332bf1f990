"""`as_asked`: an arm of a source, telling what a declaration asks of arms.

Sources of texts, such as CSV, cannot say that a cell is a number: the schema can. Refuses to judge: what
does not read stays as it is, and is refused by name where the arm is changed.
"""

from __future__ import annotations

from typing import Any

import msgspec

from tamesu.base import WantedArm
from tamesu.base.feature import Boolean, Categorical, Cyclic, Feature, Numeric, Schema, Vector

_BOOLEANS = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}


def as_asked(arm: WantedArm, schema: Schema) -> WantedArm:
    """`arm` with texts read as `schema` says.

    Where the source tells no features as such, those of its other columns that the schema names are
    features and no metadata.
    """
    if not schema:
        return arm
    features = arm.features
    if features is None:
        columns = arm.metadata or {}
        features = {name: columns[name] for name in schema if name in columns}
        if not features:
            return arm
        rest = {name: value for name, value in columns.items() if name not in features}
        arm = msgspec.structs.replace(arm, metadata=rest)
    read = {
        name: read_text(schema[name], value) if name in schema and isinstance(value, str) else value
        for name, value in features.items()
    }
    return msgspec.structs.replace(arm, features=read)


def read_text(feature: Feature, text: str) -> Any:
    """What `text` says in the type of `feature`; itself where it says nothing."""
    match feature:
        case Numeric() | Cyclic() | Vector():
            return _json(text)
        case Boolean():
            return _BOOLEANS.get(text.strip().lower(), text)
        case Categorical(values=values) if text not in values:
            number = _json(text)
            return number if type(number) is int and number in values else text
        case _:
            return text


def _json(text: str) -> Any:
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return text
