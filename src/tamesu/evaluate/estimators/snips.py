"""Self-normalised inverse propensity score: the weighted mean of rewards."""

from __future__ import annotations

import msgspec
import numpy as np

from tamesu.evaluate.contrast import Contrast
from tamesu.evaluate.contributions import Contributions


class Options(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """It has no options."""


class Snips:
    """V = mean(w r) / mean(w).

    Consistent, never outside of the rewards that were seen, and the same where a constant is added to all
    rewards; biased by O(1 / n).

    Source: Hajek 1971; Swaminathan & Joachims 2015.
    """

    models = False
    marginals = False

    def contributions(self, contrast: Contrast) -> Contributions:
        """Of each round w r over w."""
        weight = contrast.weight
        return Contributions(np.zeros(len(contrast)), weight * contrast.reward, weight)


def build(options: Options) -> Snips:
    """The estimator."""
    del options
    return Snips()
