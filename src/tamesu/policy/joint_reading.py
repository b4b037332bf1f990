"""Readings of a linear belief in which arms share coefficients: all of them, or some.

Refuses to look at sums, as `tamesu.policy.linear_reading` does.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from tamesu.policy.contract import Coefficients, Marginals
from tamesu.policy.design import Design, bounded
from tamesu.policy.families.normal import NormalFamily
from tamesu.policy.families.student_t import StudentTFamily
from tamesu.policy.linear_reading import Known, with_one
from tamesu.policy.triangles import Triangles
from tamesu.policy.uniforms import Uniforms

Floats: TypeAlias = NDArray[np.float64]


class JointCoefficients:
    """The coefficients that all arms share, by a root of their precision's inverse and their mean.

    Attributes:
        sums: (q,) of each column over what was learnt, as it weighs now.
    """

    def __init__(self, known: Known, root: Floats, mean: Floats, sums: Floats) -> None:
        self._known = known
        self.root, self._mean = root, mean
        self.sums = sums

    def mean(self) -> Floats:
        """(q,)."""
        return self._mean

    def drawn(self, draws: int, uniforms: Uniforms) -> Floats:
        """(draws, q)."""
        drawn: Floats = (
            self._mean + self._known.deviates(draws, uniforms, len(self.root)) @ self.root
        )
        return drawn

    def expected(self, columns: Floats) -> Floats:
        """(n,) of joint columns (n, q)."""
        return columns @ self._mean

    def worth(self, columns: Floats) -> NormalFamily | StudentTFamily:
        """Posteriors before joint columns (n, q)."""
        return self._known.family(self.expected(columns), _squares(columns @ self.root.T))


class SharedReading:
    """All arms by the same coefficients, before columns made of context and arm. O(q^2 + n a^2)."""

    def __init__(
        self, design: Design, known: Known, joint: JointCoefficients, features: Floats
    ) -> None:
        self._design = design
        self._known = known
        self.coefficients: Coefficients | None = joint
        self._root, self._mean = joint.root, joint.mean()
        self._arms = with_one(bounded(features))
        self.typical = known.typical
        self.contextual = design.width > 0

    def at(self, context: Floats) -> Marginals:
        """Scores beta . phi(x, a)."""
        mixing = self._design.mixing(context)
        side = self._root @ mixing
        if len(side) > side.shape[1]:
            # The same lengths from as many rows as there are columns.
            side = np.asarray(np.linalg.qr(side, mode="r"), dtype=np.float64)
        parts = self._arms @ side.T
        mean, known = self._arms @ (mixing.T @ self._mean), self._known

        def joint(m: int, uniforms: Uniforms) -> Floats:
            scores = known.deviates(m, uniforms, parts.shape[1]) @ parts.T
            scores += mean
            return scores

        return known.marginals(mean, _squares(parts), joint)


class HybridReading:
    """Own coefficients added to joint ones.

    With u = phi(x, a) - BT A^-1 z, z = (1, x): mean A^-1 b . z + beta . u, and variance
    zT A^-1 z + uT S^-1 u, S the Schur complement. O(n p (p + q) + n q^2) for a context.

    Source: Li et al. 2010, equations 7 to 9.
    """

    coefficients: Coefficients | None = None

    def __init__(  # noqa: PLR0913, PLR0917 - both parts, and what ties them
        self,
        design: Design,
        known: Known,
        joint: JointCoefficients,
        features: Floats,
        triangles: Triangles,
        mean: Floats,
        crossed: Floats,
    ) -> None:
        n, q, p = crossed.shape
        self._design = design
        self._known = known
        self._joint_root, self._joint_mean = joint.root, joint.mean()
        self._arms = with_one(bounded(features))
        self._triangles, self._mean = triangles, mean
        self._crossed = crossed.reshape(n * q, p)
        self._joint_shape = (n, q)
        self.typical = known.typical
        self.contextual = design.width > 0

    def at(self, context: Floats) -> Marginals:
        """Scores theta_a . (1, x) + beta . phi(x, a)."""
        z, known = self._design.own(context), self._known
        own = self._triangles.squares(z)
        apart = self._arms @ self._design.mixing(context).T
        apart -= (self._crossed @ z).reshape(self._joint_shape)
        parts = apart @ self._joint_root.T
        mean = self._mean @ z + apart @ self._joint_mean
        deviation = np.sqrt(own)

        def joint(m: int, uniforms: Uniforms) -> Floats:
            n, q = parts.shape
            deviates = known.deviates(m, uniforms, q + n)
            scores = deviates[:, :q] @ parts.T
            scores += deviates[:, q:] * deviation
            scores += mean
            return scores

        return known.marginals(mean, own + _squares(parts), joint)


def _squares(parts: Floats) -> Floats:
    """(n,) sums of squares of n rows."""
    squares: Floats = np.einsum("ij,ij->i", parts, parts)
    return squares
