"""Self-normalised standard estimator of slates: the weighted mean of what slates earned."""

from __future__ import annotations

import msgspec
import numpy as np

from tamesu.evaluate.contributions import Contributions
from tamesu.evaluate.slate_contrast import SlateContrast


class Options(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """It has no options."""


class SelfNormalisedStandard:
    """V = mean(w_L sum over l of r_l) / mean(w_L).

    Source: as `standard`; Swaminathan & Joachims 2015.
    """

    models = False
    marginals = False
    pairs = False

    def contributions(self, contrast: SlateContrast) -> Contributions:
        """Of each slate its weight times what it earned, over its weight."""
        weight = contrast.weight
        top = weight * contrast.reward.sum(axis=1)
        return Contributions(np.zeros(len(contrast)), top, weight)


def build(options: Options) -> SelfNormalisedStandard:
    """The estimator."""
    del options
    return SelfNormalisedStandard()
