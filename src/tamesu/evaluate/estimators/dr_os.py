"""Doubly robust with optimistic shrinkage: large weights count less."""

from __future__ import annotations

import msgspec
import numpy as np

from tamesu.base import InvalidInput
from tamesu.evaluate.contrast import Contrast
from tamesu.evaluate.contributions import Contributions


class Options(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Options of the estimator.

    Attributes:
        shrinkage: lambda, at least 0: 0 is the direct method, without end doubly robust.
    """

    shrinkage: float = 100.0


class DoublyRobustWithShrinkage:
    """V = mean(v + lambda w / (w^2 + lambda) (r - q)).

    The weight that minimises a bound of the squared error, for a lambda that `slope` finds.

    Source: Su, Dimakopoulou, Krishnamurthy & Dudik 2020.
    """

    models = True

    def __init__(self, shrinkage: float) -> None:
        self._shrinkage = shrinkage

    def contributions(self, contrast: Contrast) -> Contributions:
        """Of each round v + shrunk w (r - q)."""
        weight, shrinkage = contrast.weight, self._shrinkage
        if np.isinf(shrinkage):
            shrunk = weight
        else:
            # A weight so small that its square is nothing counts as nothing where lambda is 0.
            under = weight * weight + shrinkage
            shrunk = np.divide(
                shrinkage * weight, under, out=np.zeros_like(weight), where=under > 0
            )
        return Contributions(contrast.expected + shrunk * (contrast.reward - contrast.guess))


def build(options: Options) -> DoublyRobustWithShrinkage:
    """The estimator.

    Raises:
        InvalidInput: a lambda below 0.
    """
    if not options.shrinkage >= 0.0:
        raise InvalidInput(f"shrinkage must be at least 0, got {options.shrinkage:g}")
    return DoublyRobustWithShrinkage(options.shrinkage)
