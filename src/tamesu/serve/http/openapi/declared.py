"""The schema of a declaration as people write it: the short forms, and the options of each kind.

What kinds there are is asked of `tamesu.policy`, plug-ins included. Refuses to judge: what only holds
together is judged where declarations are parsed.
"""

from __future__ import annotations

from typing import Any

import msgspec

from tamesu.base.arm import MAX_ARMS, MAX_ID_CHARS
from tamesu.base.feature import MAX_FIELDS, MAX_WIDTH, TYPES, Feature
from tamesu.base.objectives import KINDS
from tamesu.base.written import SCHEMAS
from tamesu.policy.kinds import known_kinds, options_of
from tamesu.serve.http.openapi.schemas import DURATION, ref, schemas

NAME = {"type": "string", "pattern": "^[a-z0-9][a-z0-9-]{0,62}$"}
"""Of a bandit."""

ARM_ID = {"type": "string", "minLength": 1, "maxLength": MAX_ID_CHARS}
"""Of an arm."""

_OFF = {"enum": ["off", False, None]}


def with_short_forms(named: dict[str, Any]) -> dict[str, Any]:
    """`named` with what a declaration may also say, and with every kind of its parts.

    Args:
        named: schemas by name, with `Declaration` and all that it refers to; changed.
    """
    fields = named["Declaration"]["properties"]
    fields["name"] |= NAME
    _listing_arms(fields["arms"], "Arm", 1)
    fields["layout"] = {**_kinds("layout", named), "default": "single"}
    fields["fallback"]["anyOf"] = [
        {"const": "random"},
        {"type": "array", "items": ARM_ID, "minItems": 1},
        {"type": "null"},
    ]
    named["Declaration"]["required"] = ["arms"]
    policy = named["WrittenPolicy"]
    for part, usual in (("belief", "beta"), ("explorer", "thompson")):
        policy["properties"][part] = {**_kinds(part, named), "default": usual}
    for schema in SCHEMAS:
        fields[schema] = _schema(named)
    for clause in ("newcomer", "forgetting"):
        policy["properties"][clause] = {"anyOf": [ref(clause.capitalize()), _OFF]}
    del policy["required"]
    fields["policy"] = {"anyOf": [ref("WrittenPolicy"), {"type": "null"}]}
    reward = named["Reward"]["properties"]
    del reward["gap"], reward["by_term"]
    reward["window"]["anyOf"] = [dict(DURATION), ref("Session")]
    for key in ("type", "pattern", "examples"):
        reward["window"].pop(key, None)
    reward["events"].pop("default", None)
    reward["events"] |= _by_type()
    named["Objective"]["properties"]["events"] |= _by_type()
    _beside_events(fields, reward, named)
    fields["reward"] = {"anyOf": [ref("Reward"), {"type": "null"}]}
    _listing_arms(named["ArmsChange"]["properties"]["add"], "WantedArm", 0)
    sync = {"type": "array"}
    _listing_arms(sync, "WantedArm", 0)
    named["ArmsChange"]["properties"]["sync"]["anyOf"] = [sync, {"type": "null"}]
    named["ArmsChange"]["properties"]["retire"]["items"] = {"anyOf": [ARM_ID, {"type": "integer"}]}
    for name in ("Arm", "WantedArm"):
        named[name]["properties"]["id"] |= ARM_ID
    return named


def _beside_events(fields: dict[str, Any], reward: dict[str, Any], named: dict[str, Any]) -> None:
    """What is written under `reward` and is no clause of it: objectives, and what it stands for."""
    reward |= named.pop("Objectives")["properties"]
    reward["objectives"] |= {"additionalProperties": {"anyOf": [ref("Objective"), _by_type()]}}
    kinds = {"type": "string", "enum": list(KINDS)}
    reward["scalarise"] = {"anyOf": [ref("Scalarise"), kinds]}
    reward["surrogate"] = fields.pop("surrogate")
    del fields["objectives"]


def _by_type() -> dict[str, Any]:
    """Event types by name: a term, or its weight alone."""
    term = {"anyOf": [{"type": "number"}, ref("EventTerm")]}
    return {"type": "object", "additionalProperties": term}


def _listing_arms(field: dict[str, Any], shape: str, least: int) -> None:
    field["items"] = {"anyOf": [ARM_ID, {"type": "integer"}, ref(shape)]}
    field |= {"minItems": least, "maxItems": MAX_ARMS}


def _schema(named: dict[str, Any]) -> dict[str, Any]:
    """Features by name, or how many numbers one vector has."""
    written = []
    for kind, shape in TYPES.items():
        _, found = schemas([shape])
        options = found[shape.__name__]
        options["properties"] = {"type": {"const": kind}, **options["properties"]}
        options["required"] = ["type", *options.get("required", ())]
        named |= found
        written.append(ref(shape.__name__))
    # One that needs no option is known by its type alone.
    alone = [kind for kind, shape in TYPES.items() if not _needed(shape)]
    feature = {"anyOf": [{"enum": alone}, *written]}
    return {
        "anyOf": [
            {"type": "integer", "minimum": 1, "maximum": MAX_WIDTH},
            {"type": "object", "maxProperties": MAX_FIELDS, "additionalProperties": feature},
        ],
        "default": {},
    }


def _needed(shape: type[Feature]) -> list[str]:
    return [field.name for field in msgspec.structs.fields(shape) if field.required]


def _kinds(part: str, named: dict[str, Any]) -> dict[str, Any]:
    """A part by name alone, or by name with the options of that kind."""
    kinds = known_kinds(part)
    written = []
    for kind in kinds:
        words = "".join(word.capitalize() for word in (*kind.split("_"), part))
        _, found = schemas([options_of(part, kind)], words)
        options = found[f"{words}Options"]
        options["properties"] = {"kind": {"const": kind}, **options["properties"]}
        options["required"] = ["kind", *options.get("required", ())]
        named |= {name.removesuffix("Options"): one for name, one in found.items()}
        written.append(ref(words))
    return {"anyOf": [{"type": "string", "enum": list(kinds)}, *written]}
