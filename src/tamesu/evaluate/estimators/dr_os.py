"""Doubly robust with optimistic shrinkage: large weights count less."""

from __future__ import annotations

from typing import TypeAlias

import msgspec
import numpy as np
from numpy.typing import NDArray

from tamesu.evaluate.contrast import Contrast
from tamesu.evaluate.contributions import Contributions
from tamesu.evaluate.slope import Tunable, checked, halved_weights, settled

Floats: TypeAlias = NDArray[np.float64]


class Options(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Options of the estimator.

    Attributes:
        shrinkage: lambda, at least 0: 0 is the direct method, without end doubly robust. Several, of which the
            rounds choose one, or `slope`.
    """

    shrinkage: Tunable = 100.0


class DoublyRobustWithShrinkage:
    """V = mean(v + lambda w / (w^2 + lambda) (r - q)).

    For some lambda this weight minimises a bound of the squared error.

    Source: Su, Dimakopoulou, Krishnamurthy & Dudik 2020.
    """

    models = True
    marginals = False

    def __init__(self, shrinkage: Tunable) -> None:
        self._shrinkage: Tunable = shrinkage

    def contributions(self, contrast: Contrast) -> Contributions:
        """Of each round v + shrunk w (r - q)."""
        weight, missed = contrast.weight, contrast.reward - contrast.guess

        def shrunk(shrinkage: float) -> Contributions:
            return Contributions(contrast.expected + _shrunk(weight, shrinkage) * missed)

        return settled(self._shrinkage, contrast, _suited, shrunk)


def build(options: Options) -> DoublyRobustWithShrinkage:
    """The estimator.

    Raises:
        InvalidInput: a lambda below 0.
    """
    return DoublyRobustWithShrinkage(checked(options.shrinkage, "shrinkage"))


def _shrunk(weight: Floats, shrinkage: float) -> Floats:
    if shrinkage == 0.0:
        return np.zeros_like(weight)
    with np.errstate(over="ignore"):
        # Not lambda w / (w^2 + lambda), which is more than arithmetic can hold where lambda nearly is.
        return weight / (1.0 + weight * (weight / shrinkage))


def _suited(contrast: Contrast) -> tuple[float, ...]:
    """Hundred squares of each weight that thresholds are tried at: such a weight loses a hundredth; and none."""
    return (float("inf"), *(100.0 * weight**2 for weight in halved_weights(contrast)), 1.0, 0.0)
