"""Inverse propensity score: every reward counts as often as the target policy would have met it."""

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


class Ips:
    """V = mean(w r), w = min(target / propensity, clip).

    Unbiased where every arm that the target policy chooses could be chosen by the logging one. Its variance
    grows with the square of the weights; clipped, it is too low where rewards are not negative, and varies less.

    Source: Horvitz & Thompson 1952; Strehl, Langford, Li & Kakade 2010.
    """

    models = False
    marginals = False

    def __init__(self, clip: Tunable) -> None:
        self._clip: Tunable = clip

    def contributions(self, contrast: Contrast) -> Contributions:
        """Of each round w r."""
        weight = contrast.weight

        def clipped(most: float) -> Contributions:
            return Contributions(np.minimum(weight, most) * contrast.reward)

        return settled(self._clip, contrast, halved_weights, clipped)


def build(options: Options) -> Ips:
    """The estimator.

    Raises:
        InvalidInput: a clip below 0.
    """
    return Ips(checked(options.clip, "clip"))
