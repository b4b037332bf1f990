"""Direct method: what a reward model says of the target policy, and nothing of the log."""

from __future__ import annotations

import msgspec

from tamesu.evaluate.contrast import Contrast
from tamesu.evaluate.contributions import Contributions


class Options(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """It has no options."""


class DirectMethod:
    """V = mean(sum over arms of target * q), q the model's expected reward.

    As wrong as the model is, however many rounds there are; its interval does not know of that.

    Source: Beygelzimer & Langford 2009.
    """

    models = True
    marginals = False

    def contributions(self, contrast: Contrast) -> Contributions:
        """The expected reward under the target policy."""
        return Contributions(contrast.expected)


def build(options: Options) -> DirectMethod:
    """The estimator."""
    del options
    return DirectMethod()
