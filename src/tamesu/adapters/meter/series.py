"""What was measured under one metric and one set of label values.

Refuses nothing: what a value must be is the meter's business.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterable, Sequence


class Histogram:
    """Counts of values by bucket, with their sum, least and greatest. Not safe from threads."""

    __slots__ = ("bounds", "counts", "greatest", "least", "total")

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.total = 0.0
        self.least = math.inf
        self.greatest = -math.inf

    @classmethod
    def of(
        cls,
        bounds: tuple[float, ...],
        counts: Sequence[int],
        total: float,
        least: float,
        greatest: float,
    ) -> Histogram:
        """The histogram that has these numbers; one count more than there are bounds."""
        made = cls(bounds)
        made.counts = list(counts)
        made.total, made.least, made.greatest = total, least, greatest
        return made

    def add(self, value: float) -> None:
        """Counts `value` in the first bucket whose upper bound is not below it."""
        self.counts[bisect_left(self.bounds, value)] += 1
        self.total += value
        if value < self.least:  # noqa: PLR1730 - half the time of min, for each decision
            self.least = value
        if value > self.greatest:  # noqa: PLR1730 - half the time of max
            self.greatest = value

    def copy(self) -> Histogram:
        """The same numbers, to be kept while these go on."""
        return Histogram.of(self.bounds, self.counts, self.total, self.least, self.greatest)

    def merge(self, other: Histogram) -> None:
        """Counts all values of `other`, a histogram of the same bounds."""
        self.counts = [a + b for a, b in zip(self.counts, other.counts, strict=True)]
        self.total += other.total
        self.least = min(self.least, other.least)
        self.greatest = max(self.greatest, other.greatest)

    @classmethod
    def merged(cls, parts: Iterable[Histogram]) -> Histogram | None:
        """The histogram of all values of `parts` (of one metric); none if there are no parts."""
        whole: Histogram | None = None
        for part in parts:
            if whole is None:
                whole = cls(part.bounds)
            whole.merge(part)
        return whole

    def quantile(self, share: float) -> float | None:
        """The value below which `share` (in [0, 1]) of the values lie; none of no values.

        Linear within a bucket, so good to the bucket's width, and never outside what was seen.
        """
        count = sum(self.counts)
        if not count:
            return None
        wanted, below = share * count, 0
        for place, inside in enumerate(self.counts):
            if inside and below + inside >= wanted:
                low = self.bounds[place - 1] if place else self.least
                high = self.bounds[place] if place < len(self.bounds) else self.greatest
                low, high = max(low, self.least), min(high, self.greatest)
                return low + (high - low) * max(wanted - below, 0.0) / inside
            below += inside
        return self.greatest
