"""Item-position estimator: what a position earns depends on the arm that stands there, and on nothing else."""

from __future__ import annotations

import msgspec

from tamesu.evaluate.contributions import Contributions
from tamesu.evaluate.slate_contrast import SlateContrast, marginal_weight


class Options(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """It has no options."""


class ItemPosition:
    """V = mean(sum over l of m_l r_l), m_l the target over the logged probability that the arm stands at l at all.

    Unbiased where arms do nothing to each other; its weights are by far the smallest. Those probabilities are sums
    over all slates: a log does not have them. The estimator is refused unless somebody made them, by running the policies
    again, see `tamesu.evaluate.placements`.

    Source: Li, Abbasi-Yadkori, Kveton, Muthukrishnan, Vinay & Wen 2018.
    """

    models = False
    marginals = True
    pairs = False

    def contributions(self, contrast: SlateContrast) -> Contributions:
        """Of each slate what its positions earned, each times the weight of its arm there."""
        return Contributions(
            (marginal_weight(contrast, "item_position") * contrast.reward).sum(axis=1)
        )


def build(options: Options) -> ItemPosition:
    """The estimator."""
    del options
    return ItemPosition()
