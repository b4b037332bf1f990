"""Reward-interaction estimator: what stands above a position may change what it earns, what stands below may not."""

from __future__ import annotations

import msgspec

from tamesu.evaluate.contributions import Contributions
from tamesu.evaluate.slate_contrast import SlateContrast


class Options(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """It has no options."""


class RewardInteraction:
    """V = mean(sum over l of w_l r_l), w_l the target over the logged probability of the arms down to l, in that order.

    Unbiased where people look from the top down, cascades among them; exact from the propensities that a slate's
    log has, with no marginals. Its variance is that of `standard` at the last position, and less above.

    Source: McInerney, Brost, Chandar, Mehrotra & Carterette 2020.
    """

    models = False
    marginals = False
    pairs = False

    def contributions(self, contrast: SlateContrast) -> Contributions:
        """Of each slate what its positions earned, each times the weight of the arms down to it."""
        return Contributions((contrast.prefix_weight * contrast.reward).sum(axis=1))


def build(options: Options) -> RewardInteraction:
    """The estimator."""
    del options
    return RewardInteraction()
