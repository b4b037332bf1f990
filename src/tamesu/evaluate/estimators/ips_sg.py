"""Sub-Gaussian inverse propensity score: weights that grow ever more slowly."""

from __future__ import annotations

import msgspec

from tamesu.evaluate.contrast import Contrast
from tamesu.evaluate.contributions import Contributions
from tamesu.evaluate.slope import Tunable, checked, rates, settled, slowed


class Options(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Options of the estimator.

    Attributes:
        correction: lambda from 0 to 1: 0 is `ips`, 1 makes all weights 1. Several, of which the rounds choose one, or
            `slope`.
    """

    correction: Tunable = 0.02


class SubGaussianIps:
    """V = mean(s r), s = w / (1 - lambda + lambda w).

    No weight counts more than 1 / lambda, smoothly; errors have tails as those of a normal for a lambda that falls as
    1 / sqrt(n). Biased towards the logged mean.

    Source: Metelli, Russo & Restelli 2021.
    """

    models = False
    marginals = False

    def __init__(self, correction: Tunable) -> None:
        self._correction: Tunable = correction

    def contributions(self, contrast: Contrast) -> Contributions:
        """Of each round s r."""
        weight = contrast.weight

        def corrected(rate: float) -> Contributions:
            return Contributions(slowed(weight, rate) * contrast.reward)

        return settled(self._correction, contrast, rates, corrected)


def build(options: Options) -> SubGaussianIps:
    """The estimator.

    Raises:
        InvalidInput: a lambda below 0 or above 1.
    """
    return SubGaussianIps(checked(options.correction, "correction", 1.0))
