"""Moments as others write them, and back: ISO 8601, without a zone in UTC. Refuses a number whose unit nobody says."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tamesu.base import InvalidInput

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
WITHOUT_ZONE = EPOCH.replace(tzinfo=None)
MICROSECOND = timedelta(microseconds=1)
FIRST = (datetime.min.replace(tzinfo=UTC) - EPOCH) // MICROSECOND
LAST = (datetime.max.replace(tzinfo=UTC) - EPOCH) // MICROSECOND


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
        got = "none" if stamp is None else type(stamp).__name__
        raise InvalidInput(f"timestamp must be a moment, got {got}")
    return (moment - (EPOCH if moment.tzinfo else WITHOUT_ZONE)) // MICROSECOND


def stamps(moments: NDArray[np.int64]) -> list[str] | None:
    """The texts of so many microseconds since 1970, such as `2021-02-04T16:31:29.246000Z`; none of mere numbers 0, 1, 2, ….

    Raises:
        InvalidInput: before the year 1, or beyond 9999.
    """
    if np.array_equal(moments, np.arange(len(moments))):
        return None  # nobody said when: they stand for the order alone
    outside = (moments < FIRST) | (moments > LAST)
    if outside.any():
        raise InvalidInput(
            "moments must lie in the years 1 to 9999 to be written, got "
            f"{int(moments[outside][0]):,} microseconds since 1970"
        )
    texts = np.datetime_as_string(moments.astype("datetime64[us]"), timezone="UTC")
    return [str(text) for text in texts.tolist()]
