"""Readings of coefficients that are thought to know nothing of each other.

Refuses to look at sums: means and variances were computed before.
"""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import special

from tamesu.policy.contract import Coefficients, Family, Marginals
from tamesu.policy.design import Design, bounded
from tamesu.policy.linear_reading import Known
from tamesu.policy.uniforms import Uniforms

Floats: TypeAlias = NDArray[np.float64]


class Diagonal(NamedTuple):
    """Normal coefficients by their means and variances, of one shape."""

    mean: Floats
    variance: Floats


class DiagonalCoefficients:
    """Joint coefficients, each by itself.

    Attributes:
        sums: (q,) of each column over what was learnt, as it weighs now.
    """

    def __init__(self, known: Known, joint: Diagonal, sums: Floats) -> None:
        self._known, self._joint = known, joint
        self.sums = sums

    def mean(self) -> Floats:
        """(q,)."""
        return self._joint.mean

    def drawn(self, draws: int, uniforms: Uniforms) -> Floats:
        """(draws, q)."""
        deviates = self._known.deviates(draws, uniforms, len(self._joint.mean))
        drawn: Floats = self._joint.mean + deviates * np.sqrt(self._joint.variance)
        return drawn

    def expected(self, columns: Floats) -> Floats:
        """(n,) of joint columns (n, q)."""
        return columns @ self._joint.mean

    def worth(self, columns: Floats) -> Family:
        """Posteriors before joint columns (n, q)."""
        return self._known.family(self.expected(columns), columns * columns @ self._joint.variance)


class DiagonalReading:
    """Scores theta_a . (1, x) + beta . phi(x, a). O(n (p + q)) for a context."""

    def __init__(  # noqa: PLR0913, PLR0917 - all that a reading is a function of
        self,
        design: Design,
        known: Known,
        own: Diagonal,
        joint: Diagonal,
        features: Floats,
        columns: Floats,
    ) -> None:
        self._design, self._known = design, known
        self._own, self._joint = own, joint
        self._arms = np.concatenate([np.ones((len(features), 1)), bounded(features)], axis=1)
        self.typical = known.typical
        self.contextual = design.width > 0
        self.coefficients: Coefficients | None = (
            None if design.own_width else DiagonalCoefficients(known, joint, columns)
        )

    def at(self, context: Floats) -> Marginals:
        """Scores in `context`; drawn together where arms share coefficients."""
        design, known = self._design, self._known
        n = len(self._arms)
        mean, variance = np.zeros(n), np.zeros(n)
        if design.own_width:
            z = design.own(context)
            mean, variance = self._own.mean @ z, self._own.variance @ (z * z)
        if not design.joint_width:
            return known.marginals(mean, variance)
        columns = self._arms @ design.mixing(context).T
        mean = mean + columns @ self._joint.mean
        sides = columns * np.sqrt(self._joint.variance)
        own, q = np.sqrt(variance), sides.shape[1]

        def joint(m: int, uniforms: Uniforms) -> Floats:
            deviates = special.ndtri(uniforms.stream(m * (q + n)))
            shared, alone = deviates[: m * q].reshape(m, q), deviates[m * q :].reshape(m, n)
            scores: Floats = mean + shared @ sides.T + alone * own
            return scores

        return known.marginals(mean, variance + (sides * sides).sum(axis=1), joint)
