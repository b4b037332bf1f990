"""`Bounds`: what was known of rewards and weights before anything was logged.

Refuses to take the largest value that was seen for a bound: the largest one that could come is not in the log.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from tamesu.base import InvalidInput


@dataclass(frozen=True, slots=True)
class Bounds:
    """Rewards lie in [low, high], and no weight could be above `most_weight`.

    Attributes:
        low, high: of rewards; where some deliveries are not shown, 0 lies between.
        most_weight: at least 1; none where it is not known. A logging policy that gives each of K eligible arms its
            uniform share e / K at least has K / e.

    Raises:
        InvalidInput: ends the wrong way round, or no numbers; a weight below 1.

    Example:
        >>> Bounds(most_weight=30.0).span(models=False)
        30.0
    """

    low: float = 0.0
    high: float = 1.0
    most_weight: float | None = None

    def __post_init__(self) -> None:
        """Checks."""
        if not (math.isfinite(self.low) and math.isfinite(self.high) and self.low < self.high):
            raise InvalidInput(f"bounds of rewards must rise, got {self.low:g} and {self.high:g}")
        most = self.most_weight
        if most is not None and not (math.isfinite(most) and most >= 1.0):
            raise InvalidInput(
                f"the largest weight must be a number of at least 1, got {most:g}",
                hint="weights are 1 in the mean, so that none of them can be the largest below that",
            )

    def span(self, *, models: bool) -> float:
        """How far apart what two rounds add can be.

        w r, or w (r - V) with V among rewards: W (high - low), 0 taken in. With expected rewards, v + w (r - q):
        that to either side, and once more for v.

        Raises:
            InvalidInput: weights without a bound.
        """
        if self.most_weight is None:
            raise InvalidInput(
                "an empirical Bernstein interval needs the largest weight that could be, got none",
                hint="arms / explore of the logging policy; or take a sequence, which needs none",
            )
        if models:
            return (2.0 * self.most_weight + 1.0) * (self.high - self.low)
        return self.most_weight * (max(self.high, 0.0) - min(self.low, 0.0))
