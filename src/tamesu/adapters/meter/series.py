"""What was measured under one metric and one set of label values.

Refuses nothing: what a value must be is the meter's business.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterable


class Histogram:
    """Counts of values by bucket, with their sum, least and greatest. Not safe from threads."""

    __slots__ = ("bounds", "counts", "greatest", "least", "total")

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.total = 0.0
        self.least = math.inf
        self.greatest = -math.inf

    def add(self, value: float) -> None:
        """Counts `value` in the first bucket whose upper bound is not below it."""
        self.counts[bisect_left(self.bounds, value)] += 1
        self.total += value
        self.least = min(self.least, value)
        self.greatest = max(self.greatest, value)

    @staticmethod
    def merged(parts: Iterable[Histogram]) -> Histogram | None:
        """The histogram of all values of `parts` (of one metric); none if there are no parts."""
        whole: Histogram | None = None
        for part in parts:
            if whole is None:
                whole = Histogram(part.bounds)
            whole.counts = [a + b for a, b in zip(whole.counts, part.counts, strict=True)]
            whole.total += part.total
            whole.least = min(whole.least, part.least)
            whole.greatest = max(whole.greatest, part.greatest)
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
