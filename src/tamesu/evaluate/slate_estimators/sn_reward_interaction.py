"""Self-normalised reward-interaction estimator: of each position the weighted mean of what it earned."""

from __future__ import annotations

import msgspec

from tamesu.evaluate.contributions import Statistic, weighted_means
from tamesu.evaluate.slate_contrast import SlateContrast


class Options(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """It has no options."""


class SelfNormalisedRewardInteraction:
    """V = sum over l of mean(w_l r_l) / mean(w_l), w_l as in `reward_interaction`.

    Source: McInerney, Brost, Chandar, Mehrotra & Carterette 2020; Swaminathan & Joachims 2015.
    """

    models = False
    marginals = False
    pairs = False

    def contributions(self, contrast: SlateContrast) -> Statistic:
        """Of each position, weight times reward over weight."""
        return weighted_means(contrast.prefix_weight, contrast.reward)


def build(options: Options) -> SelfNormalisedRewardInteraction:
    """The estimator."""
    del options
    return SelfNormalisedRewardInteraction()
