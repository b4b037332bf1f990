"""Self-normalised doubly robust: the correction is a weighted mean."""

from __future__ import annotations

import msgspec

from tamesu.evaluate.contrast import Contrast
from tamesu.evaluate.contributions import Contributions


class Options(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """It has no options."""


class SelfNormalisedDoublyRobust:
    """V = mean(v) + mean(w (r - q)) / mean(w).

    Source: Thomas & Brunskill 2016 (weighted doubly robust, of one step).
    """

    models = True
    marginals = False

    def contributions(self, contrast: Contrast) -> Contributions:
        """Of each round v, and w (r - q) over w."""
        weight = contrast.weight
        missed = weight * (contrast.reward - contrast.guess)
        return Contributions(contrast.expected, missed, weight)


def build(options: Options) -> SelfNormalisedDoublyRobust:
    """The estimator."""
    del options
    return SelfNormalisedDoublyRobust()
