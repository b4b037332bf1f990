"""Doubly robust: a reward model, and weights for what it misses."""

from __future__ import annotations

import msgspec

from tamesu.evaluate.contrast import Contrast
from tamesu.evaluate.contributions import Contributions


class Options(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """It has no options."""


class DoublyRobust:
    """V = mean(v + w (r - q)), v the expected reward under the target policy, q that of the logged arm.

    Unbiased where propensities are right, whatever the model, if the model did not learn from the round it
    is asked about; and where the model is right, whatever the propensities. The better the model, the less
    it varies.

    Source: Dudik, Langford & Li 2011; cross-fitting: Chernozhukov et al. 2018.
    """

    models = True

    def contributions(self, contrast: Contrast) -> Contributions:
        """Of each round v + w (r - q)."""
        return Contributions(
            contrast.expected + contrast.weight * (contrast.reward - contrast.guess)
        )


def build(options: Options) -> DoublyRobust:
    """The estimator."""
    del options
    return DoublyRobust()
