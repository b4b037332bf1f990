"""Switch doubly robust: where weights are large, the model alone."""

from __future__ import annotations

import msgspec
import numpy as np

from tamesu.evaluate.contrast import Contrast
from tamesu.evaluate.contributions import Contributions
from tamesu.evaluate.slope import Tunable, checked, halved_weights, settled


class Options(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Options of the switch estimator.

    Attributes:
        threshold: weights above it count as 0; at least 0. Several, of which the rounds choose one, or `slope`.
    """

    threshold: Tunable = 10.0


class SwitchDoublyRobust:
    """V = mean(v + w 1{w <= threshold} (r - q)).

    Biased by what the model misses where weights are large, and free of what they would have added to the
    variance.

    Source: Wang, Agarwal & Dudik 2017.
    """

    models = True
    marginals = False

    def __init__(self, threshold: Tunable) -> None:
        self._threshold: Tunable = threshold

    def contributions(self, contrast: Contrast) -> Contributions:
        """Of each round v + w (r - q) where the weight is small, v elsewhere."""
        weight, missed = contrast.weight, contrast.reward - contrast.guess

        def switched(threshold: float) -> Contributions:
            kept = np.where(weight <= threshold, weight, 0.0)
            return Contributions(contrast.expected + kept * missed)

        return settled(self._threshold, contrast, halved_weights, switched)


def build(options: Options) -> SwitchDoublyRobust:
    """The estimator.

    Raises:
        InvalidInput: a threshold below 0.
    """
    return SwitchDoublyRobust(checked(options.threshold, "threshold"))
