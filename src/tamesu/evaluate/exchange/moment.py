"""Moments as others write them, and back: ISO 8601, without a zone in UTC. Refuses a number whose unit nobody says."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from tamesu.base import InvalidInput

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


def microseconds(stamp: Any) -> int:
    """Those since 1970 of a moment or its text; parts of one are left out.

    Raises:
        InvalidInput: neither.

    Example:
        >>> microseconds("1970-01-01T00:00:01.5000009Z"), microseconds("1970-01-01 02:00+02:00")
        (1500000, 0)
    """
    moment = stamp
    if isinstance(stamp, str):
        try:
            moment = datetime.fromisoformat(stamp)
        except ValueError as problem:
            raise InvalidInput(f"timestamp must be ISO 8601, got {stamp[:40]!r}") from problem
    if not isinstance(moment, datetime):
        raise InvalidInput(f"timestamp must be a moment, got {type(stamp).__name__}")
    return ((moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - EPOCH) // MICROSECOND


def stamp(moment: int) -> str:
    """The text of so many microseconds since 1970, such as `2021-02-04T16:31:29.246000Z`.

    Raises:
        InvalidInput: beyond the year 9999.
    """
    try:
        text = (EPOCH + timedelta(microseconds=moment)).isoformat(timespec="microseconds")
    except OverflowError as problem:
        raise InvalidInput(
            f"moments must lie before the year 10000, got {moment:,} microseconds"
        ) from problem
    return text.replace("+00:00", "Z")
