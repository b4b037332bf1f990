"""`Operation`: a method of a path, as it is described. Refuses to do it."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

Method = Literal["get", "post", "put", "delete"]

BODY = (400, 413, 415)
"""Statuses of a body that is refused."""

BANDIT = "/v1/bandits/{name}"


class Parameter(msgspec.Struct, frozen=True):
    """A parameter of a query, or a header."""

    name: str
    schema: dict[str, Any]
    means: str
    place: Literal["query", "header"] = "query"


class Operation(msgspec.Struct, frozen=True, kw_only=True):
    """A method of a path.

    Attributes:
        id: by which clients that are generated call it.
        tag: under which it is listed.
        body: what it takes; none for nothing.
        bare: whether it may be called without that body.
        answers: what each good status says; a media type for what is no JSON.
        problems: other statuses than those that every call may have.
    """

    method: Method
    path: str
    id: str
    tag: str
    summary: str
    details: str = ""
    parameters: tuple[Parameter, ...] = ()
    body: Any = None
    bare: bool = False
    answers: dict[int, Any]
    problems: tuple[int, ...] = ()


def limit(what: str) -> Parameter:
    """How many of `what` a page lists."""
    return Parameter(
        "limit",
        {"type": "integer", "minimum": 1, "maximum": 1000, "default": 100},
        f"How many {what} at most.",
    )
