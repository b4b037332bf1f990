"""Self-normalised item-position estimator: of each position the weighted mean of what it earned."""

from __future__ import annotations

import msgspec

from tamesu.evaluate.contributions import Statistic, weighted_means
from tamesu.evaluate.slate_contrast import SlateContrast, marginal_weight


class Options(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """It has no options."""


class SelfNormalisedItemPosition:
    """V = sum over l of mean(m_l r_l) / mean(m_l), m_l as in `item_position`, refused as it.

    Source: Li et al. 2018; Swaminathan & Joachims 2015.
    """

    models = False
    marginals = True
    pairs = False

    def contributions(self, contrast: SlateContrast) -> Statistic:
        """Of each position, weight times reward over weight."""
        return weighted_means(marginal_weight(contrast, "sn_item_position"), contrast.reward)


def build(options: Options) -> SelfNormalisedItemPosition:
    """The estimator."""
    del options
    return SelfNormalisedItemPosition()
