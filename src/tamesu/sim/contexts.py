"""Contexts of people who are not: one drawn from each schema, every feature by itself.

Refuses to draw: uniforms are arguments.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from tamesu.base.feature import (
    Boolean,
    Categorical,
    Cyclic,
    Feature,
    Hashed,
    Numeric,
    Schema,
    Vector,
)

HASHED = 1_000
"""How many different values of a hashed feature there are."""
LEAST, MOST = 2.0**-54, 1 - 2.0**-53
"""Uniforms are kept between these, so that no number is infinite: all lie within 8.3 deviations."""


def uniforms_of(schema: Schema) -> int:
    """How many uniforms one context takes."""
    return sum(_count(feature) for feature in schema.values())


def contexts_at(schema: Schema, uniforms: NDArray[np.float64]) -> list[dict[str, Any]]:
    """Values by name for m decisions, at `uniforms` (m, c) in [0, 1), c as `uniforms_of` says.

    Values of a category, of a range and on a circle are equally likely; numbers of a vector are
    standard normal, so that a context of d numbers is N(0, I); true and false come up alike.

    Example:
        >>> schema = {
        ...     "device": Categorical(values=("ios", "web")),
        ...     "age": Numeric(range=(10.0, 20.0)),
        ... }
        >>> contexts_at(schema, np.array([[0.7, 0.25]]))
        [{'device': 'web', 'age': 12.5}]
    """
    if not schema:
        return [{} for _ in uniforms]
    columns: list[list[Any]] = []
    start = 0
    for feature in schema.values():
        count = _count(feature)
        columns.append(_values(feature, uniforms[:, start : start + count]))
        start += count
    return [dict(zip(schema, row, strict=True)) for row in zip(*columns, strict=True)]


def _count(feature: Feature) -> int:
    return feature.size if isinstance(feature, Vector) else 1


def _values(feature: Feature, uniforms: NDArray[np.float64]) -> list[Any]:
    """What (m, count) uniforms say."""
    match feature:
        case Categorical(values=values):
            return [values[int(u * len(values))] for u in uniforms[:, 0].tolist()]
        case Numeric(range=(low, high)):
            return [low + (high - low) * u for u in uniforms[:, 0].tolist()]
        case Cyclic(period=period):
            return [period * u for u in uniforms[:, 0].tolist()]
        case Hashed():
            return [f"v{int(u * HASHED)}" for u in uniforms[:, 0].tolist()]
        case Boolean():
            return [bool(u < 0.5) for u in uniforms[:, 0]]  # noqa: PLR2004 - half of them
        case Vector():
            return list(ndtri(np.clip(uniforms, LEAST, MOST)))
        case _:
            raise AssertionError(f"no values of {type(feature).__name__}")
