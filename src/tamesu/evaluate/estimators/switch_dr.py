"""Switch doubly robust: where weights are large, the model alone."""

from __future__ import annotations

import msgspec
import numpy as np

from tamesu.base import InvalidInput
from tamesu.evaluate.contrast import Contrast
from tamesu.evaluate.contributions import Contributions


class Options(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Options of the switch estimator.

    Attributes:
        threshold: weights above it count as 0; at least 0.
    """

    threshold: float = 10.0


class SwitchDoublyRobust:
    """V = mean(v + w 1{w <= threshold} (r - q)).

    Biased by what the model misses where weights are large, and free of what they would have added to the
    variance. `slope` finds a threshold.

    Source: Wang, Agarwal & Dudik 2017.
    """

    models = True

    def __init__(self, threshold: float) -> None:
        self._threshold = threshold

    def contributions(self, contrast: Contrast) -> Contributions:
        """Of each round v + w (r - q) where the weight is small, v elsewhere."""
        weight = contrast.weight
        kept = np.where(weight <= self._threshold, weight, 0.0)
        return Contributions(contrast.expected + kept * (contrast.reward - contrast.guess))


def build(options: Options) -> SwitchDoublyRobust:
    """The estimator.

    Raises:
        InvalidInput: a threshold below 0.
    """
    if not options.threshold >= 0.0:
        raise InvalidInput(f"threshold must be at least 0, got {options.threshold:g}")
    return SwitchDoublyRobust(options.threshold)
