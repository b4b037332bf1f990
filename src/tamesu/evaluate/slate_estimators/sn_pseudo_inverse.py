"""Self-normalised pseudo-inverse estimator: the weighted mean of what slates earned."""

from __future__ import annotations

import msgspec
import numpy as np

from tamesu.evaluate.contributions import Contributions
from tamesu.evaluate.slate_contrast import SlateContrast, slate_weight


class Options(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """It has no options."""


class SelfNormalisedPseudoInverse:
    """V = mean(R w) / mean(w), w = q' G^+ 1 as in `pseudo_inverse`, refused as it.

    Source: Swaminathan et al. 2017 (there weighted PI).
    """

    models = False
    marginals = True
    pairs = True

    def contributions(self, contrast: SlateContrast) -> Contributions:
        """Of each slate its weight times what it earned, over its weight."""
        weight = slate_weight(contrast, "sn_pseudo_inverse")
        top = weight * contrast.reward.sum(axis=1)
        return Contributions(np.zeros(len(contrast)), top, weight)


def build(options: Options) -> SelfNormalisedPseudoInverse:
    """The estimator."""
    del options
    return SelfNormalisedPseudoInverse()
