"""The description of a server as an OpenAPI document, put together from operations and structs.

Refuses to say anything by hand that a struct says.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from http import HTTPStatus
from importlib.metadata import version
from typing import Any

from tamesu.base import HTTP_STATUS
from tamesu.serve.core.feature_rules import ENTITIES, MOST_LISTED
from tamesu.serve.core.wire import MAX_BATCH, MAX_TEXT
from tamesu.serve.http.openapi.answers import Problem, Session, UnitFeatures
from tamesu.serve.http.openapi.declared import ARM_ID, NAME, with_short_forms
from tamesu.serve.http.openapi.examples import Example, examples
from tamesu.serve.http.openapi.operation import Operation
from tamesu.serve.http.openapi.operations import OPERATIONS
from tamesu.serve.http.openapi.schemas import ref, schemas
from tamesu.serve.http.scopes import scope_of

VERSION = "3.1.0"

ALWAYS = (401, 403, 429, 500, 503)
"""Problems that any call under `/v1` may meet."""

_TEXT = {"type": "string", "minLength": 1, "maxLength": MAX_TEXT}
_NUMBER = {"type": "integer", "minimum": 0}
_PATH: dict[str, tuple[dict[str, Any], str]] = {
    "name": (NAME, "Of a bandit."),
    "arm": (ARM_ID, "Id of an arm, percent-encoded."),
    "id": ({"type": "string"}, "Of a decision, or of one of its deliveries."),
    "command": (_NUMBER, "Number of a command, from the answer to a change."),
    "version": (_NUMBER, "Of a snapshot; 0 is the prior."),
    "entity": ({"enum": list(ENTITIES)}, "Of what features are kept."),
    "key": (_TEXT, "What requests send as `unit`, percent-encoded."),
}
_MEANS = {
    401: "A key is needed, and none was sent that is known.",
    403: "The key that was sent may not do this.",
    404: "There is nothing of that name.",
    409: "It does not fit what there is now.",
    429: "Too much at once: of this key, or of all.",
    500: "The server made a mistake, or cannot read what it kept.",
    503: "A part is down or full: try again.",
}
_TAGS = {
    "decisions": "What to show.",
    "events": "What came of it.",
    "bandits": "Declared, changed, frozen, rolled back, deleted.",
    "arms": "What may be chosen.",
    "snapshots": "What was learnt, as it is kept.",
    "reports": "How a bandit does, and where its records are.",
    "features": "What is known of units.",
    "health": "For those who watch.",
}


def document() -> dict[str, Any]:
    """The whole description, as plain data; the same for every server of a version and its plug-ins."""
    shapes = [Problem, Session, *_shapes()]
    told, named = schemas(shapes)
    known = dict(zip(map(repr, shapes), told, strict=True))
    _tighten(with_short_forms(named))
    paths: dict[str, dict[str, Any]] = {}
    for operation in OPERATIONS:
        described = _described(operation, known, examples().get(operation.id, []))
        paths.setdefault(operation.path, {})[operation.method] = described
    return {
        "openapi": VERSION,
        "info": {
            "title": "Tamesu",
            "version": version("tamesu"),
            "summary": "Contextual bandits: decide, track, learn.",
            "description": "Bodies and answers are JSON, errors `application/problem+json`. A field that "
            "is not known is refused by name.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/", "description": "The server that you read this from."}],
        "tags": [{"name": name, "description": means} for name, means in _TAGS.items()],
        "paths": paths,
        "components": {
            "schemas": dict(sorted(named.items())),
            "securitySchemes": {
                "key": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "A key of the installation. One without keys listens on its own "
                    "machine only, and asks for none.",
                }
            },
        },
    }


def _shapes() -> list[Any]:
    """Every struct that a body or an answer is, each once."""
    found: dict[str, Any] = {}
    for operation in OPERATIONS:
        for shape in (operation.body, *operation.answers.values()):
            if isinstance(shape, type):
                found[repr(shape)] = shape
    return list(found.values())


def _described(operation: Operation, known: dict[str, Any], told: list[Example]) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": operation.id,
        "tags": [operation.tag],
        "summary": operation.summary,
    }
    if operation.details:
        described["description"] = operation.details
    parameters = list(_parameters(operation, told))
    if parameters:
        described["parameters"] = parameters
    if operation.body is not None:
        content: dict[str, Any] = {"schema": known[repr(operation.body)]}
        sent = {one.title: {"value": one.body} for one in told if one.body is not None}
        if sent:
            content["examples"] = sent
        described["requestBody"] = {
            "required": not operation.bare,
            "content": {"application/json": content},
        }
    described["responses"] = dict(_responses(operation, known, told))
    scope = scope_of(operation.path)
    described["security"] = [] if scope is None else [{"key": [scope.value]}, {}]
    return described


def _parameters(operation: Operation, told: list[Example]) -> Iterator[dict[str, Any]]:
    first = told[0].parameters if told else {}
    for name in re.findall(r"{(\w+)}", operation.path):
        schema, means = _PATH[name]
        yield {
            "name": name,
            "in": "path",
            "required": True,
            "description": means,
            "schema": schema,
            **({"example": first[name]} if name in first else {}),
        }
    for one in operation.parameters:
        yield {
            "name": one.name,
            "in": one.place,
            "required": False,
            "description": one.means,
            "schema": one.schema,
            **({"example": first[one.name]} if one.name in first else {}),
        }


def _responses(
    operation: Operation, known: dict[str, Any], told: list[Example]
) -> Iterator[tuple[str, dict[str, Any]]]:
    for status, shape in operation.answers.items():
        means = HTTPStatus(status).phrase
        if isinstance(shape, str):
            yield str(status), {"description": means, "content": {shape: {}}}
            continue
        content: dict[str, Any] = {"schema": known[repr(shape)]}
        answered = {one.title: {"value": one.answer} for one in told if one.status == status}
        if answered:
            content["examples"] = answered
        yield (
            str(status),
            {"description": means, "content": {"application/json": content}},
        )
    always = ALWAYS if operation.path.startswith("/v1") else ()
    for status in sorted({*operation.problems, *always} - operation.answers.keys()):
        content = {"schema": ref("Problem")}
        answered = {one.title: {"value": one.answer} for one in told if one.status == status}
        if answered:
            content["examples"] = answered
        yield (
            str(status),
            {
                "description": _MEANS.get(status, HTTPStatus(status).phrase),
                "content": {"application/problem+json": content},
            },
        )


def _tighten(named: dict[str, Any]) -> None:
    """Limits that the core checks and no struct says."""
    named["Problem"]["properties"]["code"]["enum"] = sorted({kind.code for kind in HTTP_STATUS})
    request = named["DecisionRequest"]["properties"]
    for field in ("unit", "request_id"):
        request[field]["anyOf"][0] |= _TEXT
    named["DecisionRequests"]["properties"]["requests"] |= {"minItems": 1, "maxItems": MAX_BATCH}
    named["EventRequests"]["properties"]["events"] |= {"minItems": 1, "maxItems": MAX_BATCH}
    named["EventRequest"]["properties"]["event_id"]["anyOf"][0] |= _TEXT
    named["Nothing"]["type"] = ["object", "null"]
    scalar = {"type": ["number", "string", "boolean"]}
    named[UnitFeatures.__name__] |= {
        "additionalProperties": {
            "anyOf": [scalar, {"type": "array", "items": scalar, "maxItems": MOST_LISTED}]
        },
        "propertyNames": _TEXT,
    }
