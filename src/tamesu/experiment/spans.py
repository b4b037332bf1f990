"""`Spans`: equal windows of time, one after another, each looked at in equal steps.

Refuses windows of no length. Moments are those of a clock that its caller has.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from tamesu.base import Time
from tamesu.base.times import DAY_US, HOUR_US, MINUTE_US, SECOND_US

STEPS = 20
"""Steps of a window.

The snapshots of a window of an hour are kept minute by minute for a day, those of a window of a day hour
by hour for 90 days: a step of either is longer than that, so thinning hides nothing from it.
"""

NICE_US = (
    10 * SECOND_US,
    MINUTE_US,
    5 * MINUTE_US,
    15 * MINUTE_US,
    HOUR_US,
    3 * HOUR_US,
    DAY_US,
    2 * DAY_US,
    7 * DAY_US,
    30 * DAY_US,
)
"""Lengths of windows that are chosen where nobody says."""


@dataclass(frozen=True, slots=True)
class Spans:
    """Windows of equal length that end at `until`.

    Attributes:
        until: the end of the last one, which it excludes.
        length_us: of each, at least `STEPS` microseconds.
        count: how many, at least one.
    """

    until: Time
    length_us: int
    count: int

    @property
    def step_us(self) -> int:
        """Length of a step."""
        return self.length_us // STEPS

    @property
    def since(self) -> Time:
        """The start of the first window."""
        return Time(self.until - self.count * self.length_us)

    @property
    def windows(self) -> list[tuple[Time, Time]]:
        """Start and end of each, the oldest first."""
        starts = [Time(self.since + place * self.length_us) for place in range(self.count)]
        return [(start, Time(start + self.length_us)) for start in starts]

    @property
    def moments(self) -> list[Time]:
        """The ends of all steps, the start of the first window before them."""
        ends = [
            Time(start + step * self.step_us)
            for start, _ in self.windows
            for step in range(1, STEPS + 1)
        ]
        return [self.since, *ends]

    def newest(self, made: Sequence[int]) -> list[int | None]:
        """Per moment which of `made`, rising moments, is the newest made by then; none if none was."""
        places = [bisect_right(made, moment) - 1 for moment in self.moments]
        return [place if place >= 0 else None for place in places]


def spans_of(since: int, until: int, *, most: int, length_us: int | None = None) -> Spans:
    """The windows of a period: of a nice length of which `most` or fewer fill it, the newest if more.

    They end with the last whole step before `until`, so that a later look has most moments in common
    with this one.

    Args:
        since: when the period begins, in microseconds.
        until: and ends.
        most: how many windows at most.
        length_us: how long they are to be, at least `STEPS`; none for a nice length.

    Example:
        >>> spans_of(0, 86_400_000_000, most=24).length_us // 3_600_000_000
        1
    """
    period = max(1, until - since)
    if length_us is None:
        length_us = next((nice for nice in NICE_US if nice * most >= period), NICE_US[-1])
    step = length_us // STEPS
    count = max(1, min(most, -(-period // length_us)))
    return Spans(Time(until // step * step), step * STEPS, count)
