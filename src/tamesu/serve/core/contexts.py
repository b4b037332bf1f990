"""`context_of`: what a request tells, and what is known of its unit, as the context of a decision.

The request's own values come before those kept of its unit, of which only those count that the schema
asks for. Refuses by name what does not fit, and never repeats a value.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from tamesu.base import Declaration, InvalidInput
from tamesu.base.errors import listing
from tamesu.serve.core.feature_rules import MOST_NUMBER
from tamesu.serve.core.hot import Hot
from tamesu.serve.core.wire import DecisionRequest

MOST_CHARS = 1_000
"""Of a text in a context: it is recorded as it came."""

Known: TypeAlias = Mapping[str, Any] | None
"""What is kept of a unit, by name; none where it could not be looked up."""


class Context(NamedTuple):
    """What a decision is made in.

    Attributes:
        values: as they are recorded; none where there are none.
        columns: (d,) what the policy makes of them; none where it asks for no context, or where what it
            asks for could not be looked up.
        lacks: whether that is so, and the policy cannot do without: then the fallback answers.
    """

    values: dict[str, Any] | None
    columns: NDArray[np.float64] | None = None
    lacks: bool = False


def context_of(hot: Hot, request: DecisionRequest, known: Known) -> Context:
    """The context of a decision of `hot` for `request`.

    A context-free bandit records what is known of the unit, whole: a later declaration may ask for it.

    Args:
        hot: the bandit.
        request: of which `null` is a value that is missing.
        known: of its unit.

    Raises:
        InvalidInput: a context where none is declared, an unknown name (with the close match), a value
            missing or outside of its schema, a whole number beyond 2^53, or a text that is too long.
    """
    declaration = hot.declared.declaration
    schema, given = declaration.context, request.context
    if not schema:
        if given:
            raise _undeclared(declaration, given)
        return Context(dict(known) if known else None)
    values = {name: known[name] for name in known if name in schema} if known else {}
    if given:
        values.update(given)
        _check_recordable(given)
    try:
        columns = hot.policy.encoder.context(values)
    except InvalidInput as problem:
        if known is None and _lacks(declaration, values):
            return Context(
                {name: values[name] for name in schema if name in values},
                lacks=hot.policy.contextual,
            )
        raise _told_whose(problem, values, given or {}) from problem
    return Context(values, columns)


def _undeclared(declaration: Declaration, given: Mapping[str, Any]) -> InvalidInput:
    names = listing(str(name)[:80] for name in given)
    return InvalidInput(
        f"bandit {declaration.name!r} declares no context, got {names}",
        hint="leave context out",
        field="context",
    )


def _lacks(declaration: Declaration, values: Mapping[str, Any]) -> bool:
    """Whether the schema needs a value that is not there."""
    return any(
        feature.missing is None and values.get(name) is None
        for name, feature in declaration.context.items()
    )


def _told_whose(
    problem: InvalidInput, values: Mapping[str, Any], given: Mapping[str, Any]
) -> InvalidInput:
    """`problem`, with who can do something about it where the request did not send the value."""
    field = problem.facts.get("field")
    if field not in values or field in given:
        return problem
    return InvalidInput(
        f"{problem.message}, as it is kept of the unit",
        hint="put another:  PUT /v1/features/unit/KEY, or send it in the request's context",
        field=field,
    )


def _check_recordable(given: Mapping[str, Any]) -> None:
    """Refuses values that may fit a schema and could not be recorded as they are."""
    for name, value in given.items():
        kind = type(value)
        if kind is float or kind is bool:
            continue
        if kind is str and len(value) > MOST_CHARS:
            raise InvalidInput(
                f"a text of a context may have {MOST_CHARS:,} characters, feature "
                f"{name[:80]!r} has {len(value):,}",
                field=name[:80],
            )
        for one in value if kind is list else (value,):
            if type(one) is int and not -MOST_NUMBER <= one <= MOST_NUMBER:
                raise InvalidInput(
                    f"a whole number must lie within ±2^53: feature {name[:80]!r} does not",
                    field=name[:80],
                )
