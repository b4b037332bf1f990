"""Times and durations: integer microseconds in code, text on the wire.

`Time` is microseconds since the Unix epoch, UTC; on the wire RFC 3339 with six decimals.
`Duration` is microseconds; on the wire a number and a unit, as in `15m` or `500ms`.
Refuses to know what time it is: clocks are ports.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from tamesu.base.errors import InvalidInput

MILLISECOND_US = 1_000
SECOND_US = 1_000_000
MINUTE_US = 60 * SECOND_US
HOUR_US = 60 * MINUTE_US
DAY_US = 24 * HOUR_US

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_UNITS_US = {
    "us": 1,
    "ms": MILLISECOND_US,
    "s": SECOND_US,
    "m": MINUTE_US,
    "h": HOUR_US,
    "d": DAY_US,
}
_DURATION = re.compile(r"([0-9]{1,18})(?:\.([0-9]{1,18}))?(us|ms|s|m|h|d)")
_RFC_3339 = re.compile(
    r"\d{4}-\d\d-\d\d[Tt ]([01]\d|2[0-3]):\d\d:\d\d(\.\d{1,18})?([Zz]|[+-]\d\d:\d\d)", re.ASCII
)


class Time(int):
    """A moment: microseconds since 1970-01-01T00:00:00Z."""

    __slots__ = ()

    @classmethod
    def parse(cls, text: object) -> Time:
        """The moment that an RFC 3339 text names.

        Args:
            text: such as `2026-11-22T10:00:00.000000Z`; any offset is accepted, none is refused.
                Decimals beyond the sixth are cut off.

        Raises:
            InvalidInput: not RFC 3339, no offset, or a moment outside the years 1 to 9999 in UTC.
        """
        if not isinstance(text, str) or _RFC_3339.fullmatch(text) is None:
            raise InvalidInput(_time_message(text), hint=_TIME_HINT)
        try:
            moment = datetime.fromisoformat(text.upper()).astimezone(UTC)
        except (ValueError, OverflowError) as error:
            raise InvalidInput(_time_message(text), hint=_TIME_HINT) from error
        return cls((moment - _EPOCH) // _MICROSECOND)

    def text(self) -> str:
        """RFC 3339 with six decimals, in UTC; for moments in the years 1 to 9999."""
        moment = _EPOCH + timedelta(microseconds=int(self))
        return f"{moment.replace(tzinfo=None).isoformat(timespec='microseconds')}Z"


class Duration(int):
    """A length of time in microseconds."""

    __slots__ = ()

    @classmethod
    def parse(cls, text: object) -> Duration:
        """The length that `15m`, `500ms` or `1.5h` names, to the microsecond.

        Example:
            >>> int(Duration.parse("1.5h")), Duration.parse("1.5h").text()
            (5400000000, '90m')

        Raises:
            InvalidInput: not a number and a unit, or no whole number of microseconds.
        """
        found = _DURATION.fullmatch(text) if isinstance(text, str) else None
        if found is not None:
            whole, part, unit = found.groups(default="")
            us, rest = divmod(int(whole + part) * _UNITS_US[unit], 10 ** len(part))
            if not rest:
                return cls(us)
        raise InvalidInput(
            "a duration must be a number and a unit, in whole microseconds, "
            f"got {str(text)[:40]!r}",
            hint="write it as 500ms, 10s, 15m, 1h or 30d",
        )

    def text(self) -> str:
        """The shortest text that parses back to this length."""
        value = int(self)
        for unit in ("d", "h", "m", "s", "ms"):
            if value and value % _UNITS_US[unit] == 0:
                return f"{value // _UNITS_US[unit]}{unit}"
        return f"{value}us" if value else "0s"

    def spoken(self) -> str:
        """The same for people: a number of each unit, the largest first.

        Example:
            >>> Duration.parse("2592010s").spoken(), Duration.parse("90m").spoken()
            ('30d 10s', '1h 30m')
        """
        rest, parts = int(self), list[str]()
        for unit in ("d", "h", "m", "s", "ms", "us"):
            size = _UNITS_US[unit]
            if rest >= size:
                parts.append(f"{rest // size}{unit}")
                rest %= size
        return " ".join(parts) or "0s"


_TIME_HINT = "write it as 2026-11-22T10:00:00.000000Z"


def _time_message(text: object) -> str:
    return f"a time must be RFC 3339 with an offset, got {str(text)[:40]!r}"
