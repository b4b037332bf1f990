"""Doubly robust: a reward model, and weights for what it misses."""

from __future__ import annotations

import msgspec
import numpy as np

from tamesu.evaluate.contrast import Contrast
from tamesu.evaluate.contributions import Contributions
from tamesu.evaluate.slope import Tunable, checked, halved_weights, settled


class Options(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Options of the estimator.

    Attributes:
        clip: weights above it count as it; at least 0. Several, of which the rounds choose one, or `slope`.
    """

    clip: Tunable = float("inf")


class DoublyRobust:
    """V = mean(v + w (r - q)), v the expected reward under the target policy, q that of the logged arm,
    w = min(target / propensity, clip).

    Unbiased where propensities are right, whatever the model, if the model did not learn from the round it
    is asked about; and where the model is right, whatever the propensities. The better the model, the less
    it varies. Clipped, it is biased by what the model misses where weights are large.

    Source: Dudik, Langford & Li 2011; cross-fitting: Chernozhukov et al. 2018.
    """

    models = True
    marginals = False

    def __init__(self, clip: Tunable) -> None:
        self._clip: Tunable = clip

    def contributions(self, contrast: Contrast) -> Contributions:
        """Of each round v + w (r - q)."""
        weight, missed = contrast.weight, contrast.reward - contrast.guess

        def clipped(most: float) -> Contributions:
            return Contributions(contrast.expected + np.minimum(weight, most) * missed)

        return settled(self._clip, contrast, halved_weights, clipped)


def build(options: Options) -> DoublyRobust:
    """The estimator.

    Raises:
        InvalidInput: a clip below 0.
    """
    return DoublyRobust(checked(options.clip, "clip"))
