"""Examples of every operation: what was sent to a server, and what it answered.

They lie in `examples.json`, in the order in which they were sent; `scripts/examples.py` sends them once
more and writes down what comes back. Refuses to hold an answer that no server gave.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any

import msgspec


class Example(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One call and its answer.

    Attributes:
        operation: its id.
        title: what it is an example of.
        parameters: of path, query and headers, by name.
        body: as sent; none for no body.
        until: field of the answer and its least value: what was asked again until it came.
        status, answer: as answered; no answer where it is no JSON.
    """

    operation: str
    title: str
    parameters: dict[str, Any] = {}
    body: Any = None
    until: tuple[str, int] | None = None
    status: int = 0
    answer: Any = None


@cache
def story() -> tuple[Example, ...]:
    """Every example, in the order in which they were sent."""
    body = (files(__package__) / "examples.json").read_bytes()
    return tuple(msgspec.json.decode(body, type=list[Example]))


def examples() -> dict[str, list[Example]]:
    """Every example by operation."""
    found: dict[str, list[Example]] = {}
    for one in story():
        found.setdefault(one.operation, []).append(one)
    return found
