"""Times of many events out of their texts at once.

Only the one form that Tamesu's own clients write is read here, `2026-11-22T10:00:00.000000Z`; any
other text is left to `base.Time.parse`, one by one. Refuses to judge a text: unread is not wrong.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tamesu.base.times import DAY_US, HOUR_US, MINUTE_US, SECOND_US

_FORM = "0000-00-00T00:00:00.000000Z"
_LENGTH = len(_FORM)
_DIGIT = np.array([letter == "0" for letter in _FORM])
_SIGN = np.frombuffer(_FORM.encode(), dtype=np.uint8)[~_DIGIT]
_UNREAD = "?" * _LENGTH
_CUMULATIVE = np.array([0, 0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334])
_MONTH_DAYS = np.array([0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])
_FEBRUARY = 2
_DAYS_TO_EPOCH = 719_162
"""Days from 0001-01-01 to 1970-01-01."""


def read_moments(texts: Sequence[str]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Microseconds since the epoch (n,), and which of `texts` were read (n,); the others give 0."""
    joined = "".join([text if len(text) == _LENGTH else _UNREAD for text in texts])
    raw = np.frombuffer(joined.encode("ascii", "replace"), dtype=np.uint8).reshape(-1, _LENGTH)
    digits = raw[:, _DIGIT].astype(np.int64) - ord("0")
    read = ((digits >= 0) & (digits <= 9)).all(axis=1)  # noqa: PLR2004 - digits
    read &= (raw[:, ~_DIGIT] == _SIGN).all(axis=1)
    year = _number(digits[:, 0:4])
    month, day, hour, minute, second = (_number(digits[:, i : i + 2]) for i in range(4, 14, 2))
    leap = (year % 4 == 0) & ((year % 100 != 0) | (year % 400 == 0))
    read &= (year >= 1) & (month >= 1) & (month <= 12)  # noqa: PLR2004 - months
    month = np.where(read, month, 1)
    read &= (day >= 1) & (day <= _MONTH_DAYS[month] + ((month == _FEBRUARY) & leap))
    read &= (hour <= 23) & (minute <= 59) & (second <= 59)  # noqa: PLR2004 - a day's clock
    before = year - 1
    days = 365 * before + before // 4 - before // 100 + before // 400
    days += _CUMULATIVE[month] + ((month > _FEBRUARY) & leap) + day - 1 - _DAYS_TO_EPOCH
    times = days * DAY_US + hour * HOUR_US + minute * MINUTE_US + second * SECOND_US
    times += _number(digits[:, 14:20])
    return np.where(read, times, 0), read


def _number(digits: NDArray[np.int64]) -> NDArray[np.int64]:
    number = digits[:, 0].copy()
    for place in range(1, digits.shape[1]):
        number *= 10
        number += digits[:, place]
    return number
