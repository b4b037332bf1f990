"""Pseudo-inverse estimator: what a slate earns is a sum over its positions, of which the sum alone is seen."""

from __future__ import annotations

import msgspec

from tamesu.evaluate.contributions import Contributions
from tamesu.evaluate.slate_contrast import SlateContrast, slate_weight


class Options(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """It has no options."""


class PseudoInverse:
    """V = mean(R q' G^+ 1), R what the slate earned, 1 its indicator over positions times arms, q the target's mean
    of such indicators and G = E[1 1'] the logging policy's, G^+ its pseudo-inverse.

    Unbiased where what a slate earns is linear in who stands where, however that is spread, if the target policy
    places arms only where the logging policy may. With positions that are drawn independently its weight
    is 1 + sum over l of (m_l - 1). Needs how likely the logging policy places two arms at two positions, refused as
    `item_position` where nobody made that.

    Source: Swaminathan, Krishnamurthy, Agarwal, Dudik, Langford, Jose & Zitouni 2017.
    """

    models = False
    marginals = True
    pairs = True

    def contributions(self, contrast: SlateContrast) -> Contributions:
        """Of each slate its weight times what it earned."""
        return Contributions(slate_weight(contrast, "pseudo_inverse") * contrast.reward.sum(axis=1))


def build(options: Options) -> PseudoInverse:
    """The estimator."""
    del options
    return PseudoInverse()
