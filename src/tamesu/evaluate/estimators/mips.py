"""Marginalised inverse propensity score: arms that tell alike of themselves count as one."""

from __future__ import annotations

import msgspec

from tamesu.base import NoSupport
from tamesu.evaluate.contrast import Contrast
from tamesu.evaluate.contributions import Contributions


class Options(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """It has no options."""


class Mips:
    """V = mean(m r), m the target over the logged probability of all arms with the features of the logged one.

    Unbiased where an arm changes rewards through its features alone, and where those features could come up
    under the logging policy: the arm itself need not have. Where every arm has features of its own it is `ips`;
    its variance is never larger, and much smaller where many arms share theirs.

    Source: Saito & Joachims 2022, with features that follow from the arm.
    """

    models = False
    marginals = True

    def contributions(self, contrast: Contrast) -> Contributions:
        """Of each round m r.

        Raises:
            NoSupport: the logging policy's distributions or features of arms are not known.
        """
        if contrast.marginal is None:
            raise NoSupport(
                "mips needs features of arms, and the logging policy's probability of every arm in each round",
                hint="take ips, or hand in what the logging policy would have done",
            )
        return Contributions(contrast.marginal * contrast.reward)


def build(options: Options) -> Mips:
    """The estimator."""
    del options
    return Mips()
