"""`Interval`, and what every kind of it asks of a confidence."""

from __future__ import annotations

from typing import NamedTuple

from tamesu.base import InvalidInput


class Interval(NamedTuple):
    """Between which values the truth is thought to lie; both NaN where nothing can be said."""

    low: float
    high: float


def tail(confidence: float) -> float:
    """How much may lie beyond either end.

    Raises:
        InvalidInput: a confidence that is none.

    Example:
        >>> tail(0.5)
        0.25
    """
    if not 0.0 < confidence < 1.0:
        raise InvalidInput(
            f"confidence must lie between 0 and 1, got {confidence}",
            hint="0.95 is asked for by most",
        )
    return 0.5 * (1.0 - confidence)
