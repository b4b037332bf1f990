"""How sure a click rate is, and the difference of two. Refuses to round: people's words come later."""

from __future__ import annotations

import math
from typing import NamedTuple

from tamesu.cli.demo.record import Clicks

Z = 1.959963984540054
"""Of a standard normal, 95 % lie within ± this."""


class Interval(NamedTuple):
    """From `low` to `high`."""

    low: float
    high: float


class Rise(NamedTuple):
    """How much higher one rate is than another.

    Attributes:
        difference: of the two observed rates.
        interval: 95 % interval of the difference of the true ones.
        probability: that the true one is higher at all.
    """

    difference: float
    interval: Interval
    probability: float


def wilson(observed: Clicks) -> Interval:
    """The 95 % score interval of a rate: honest for few clicks and never below 0.

    (p + z²/2n ± z √(p(1-p)/n + z²/4n²)) / (1 + z²/n), with n deliveries and p the observed rate.
    Source: Wilson 1927.
    """
    n, p = observed.deliveries, observed.rate
    if n == 0:
        return Interval(0.0, 1.0)
    spread = Z * math.sqrt(p * (1 - p) / n + Z * Z / (4 * n * n))
    middle, scale = p + Z * Z / (2 * n), 1 + Z * Z / n
    return Interval(max(0.0, (middle - spread) / scale), min(1.0, (middle + spread) / scale))


def rise(first: Clicks, last: Clicks) -> Rise:
    """How much higher the rate of `last` is than that of `first`.

    The interval joins the two Wilson intervals (Newcombe 1998, method 10). The probability compares
    the two Beta posteriors under flat priors, each taken as normal: good from some ten clicks on.
    """
    p, q = first.rate, last.rate
    a, b = wilson(first), wilson(last)
    difference = q - p
    interval = Interval(
        difference - math.hypot(q - b.low, a.high - p),
        difference + math.hypot(b.high - q, p - a.low),
    )
    (mean_a, variance_a), (mean_b, variance_b) = _posterior(first), _posterior(last)
    z = (mean_b - mean_a) / math.sqrt(variance_a + variance_b)
    return Rise(difference, interval, 0.5 * math.erfc(-z / math.sqrt(2)))


def _posterior(observed: Clicks) -> tuple[float, float]:
    """Mean and variance of Beta(1 + clicks, 1 + the rest)."""
    alpha = 1 + observed.clicks
    total = 2 + observed.deliveries
    mean = alpha / total
    return mean, mean * (1 - mean) / (total + 1)
