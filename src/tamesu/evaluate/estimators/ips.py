"""Inverse propensity score: every reward counts as often as the target policy would have met it."""

from __future__ import annotations

import msgspec

from tamesu.evaluate.contrast import Contrast
from tamesu.evaluate.contributions import Contributions


class Options(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """It has no options."""


class Ips:
    """V = mean(w r), w = target / propensity.

    Unbiased where every arm that the target policy chooses could be chosen by the logging one. Its variance
    grows with the square of the weights.

    Source: Horvitz & Thompson 1952; Strehl, Langford, Li & Kakade 2010.
    """

    models = False

    def contributions(self, contrast: Contrast) -> Contributions:
        """Of each round w r."""
        return Contributions(contrast.weight * contrast.reward)


def build(options: Options) -> Ips:
    """The estimator."""
    del options
    return Ips()
