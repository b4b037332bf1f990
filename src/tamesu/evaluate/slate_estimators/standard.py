"""Standard estimator of slates: the whole slate is one choice."""

from __future__ import annotations

import msgspec

from tamesu.evaluate.contributions import Contributions
from tamesu.evaluate.slate_contrast import SlateContrast


class Options(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """It has no options."""


class Standard:
    """V = mean(w_L sum over l of r_l), w_L the target over the logged probability of the whole slate.

    Unbiased whatever the arms of a slate do to each other. Its variance grows with the product of all positions'
    weights: for slates of more than two or three arms it is mostly of no use.

    Source: McInerney, Brost, Chandar, Mehrotra & Carterette 2020, equation 1.
    """

    models = False
    marginals = False
    pairs = False

    def contributions(self, contrast: SlateContrast) -> Contributions:
        """Of each slate its weight times what it earned."""
        weight = contrast.weight
        return Contributions(weight * contrast.reward.sum(axis=1))


def build(options: Options) -> Standard:
    """The estimator."""
    del options
    return Standard()
