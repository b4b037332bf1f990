"""Sub-Gaussian doubly robust: what a model misses, by weights that grow ever more slowly."""

from __future__ import annotations

import msgspec

from tamesu.evaluate.contrast import Contrast
from tamesu.evaluate.contributions import Contributions
from tamesu.evaluate.slope import Tunable, checked, rates, settled, slowed


class Options(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Options of the estimator.

    Attributes:
        correction: lambda from 0 to 1: 0 is `dr`, 1 makes all weights 1. Several, of which the rounds choose one, or
            `slope`.
    """

    correction: Tunable = 0.02


class SubGaussianDoublyRobust:
    """V = mean(v + s (r - q)), s = w / (1 - lambda + lambda w).

    No weight counts more than 1 / lambda, smoothly; errors have tails as those of a normal for a lambda that falls as
    1 / sqrt(n). Biased towards what the model says of logged arms.

    Source: Metelli, Russo & Restelli 2021.
    """

    models = True
    marginals = False

    def __init__(self, correction: Tunable) -> None:
        self._correction: Tunable = correction

    def contributions(self, contrast: Contrast) -> Contributions:
        """Of each round v + s (r - q)."""
        weight, missed = contrast.weight, contrast.reward - contrast.guess

        def corrected(rate: float) -> Contributions:
            return Contributions(contrast.expected + slowed(weight, rate) * missed)

        return settled(self._correction, contrast, rates, corrected)


def build(options: Options) -> SubGaussianDoublyRobust:
    """The estimator.

    Raises:
        InvalidInput: a lambda below 0 or above 1.
    """
    return SubGaussianDoublyRobust(checked(options.correction, "correction", 1.0))
