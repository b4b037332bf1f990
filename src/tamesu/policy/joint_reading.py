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
        return self.many(context[None]).at(0)

    def many(self, contexts: Floats) -> JointSheet:
        """`at` of each of m contexts (m, d)."""
        mixing = self._design.mixing(contexts)
        side = self._root @ mixing
        if side.shape[1] > side.shape[2]:
            # The same lengths from as many rows as there are columns.
            side = np.asarray(np.linalg.qr(side, mode="r"), dtype=np.float64)
        parts = self._arms @ side.transpose(0, 2, 1)
        mean = (mixing.transpose(0, 2, 1) @ self._mean) @ self._arms.T
        return JointSheet(self._known, mean, parts)


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
        return self.many(context[None]).at(0)

    def many(self, contexts: Floats) -> JointSheet:
        """`at` of each of m contexts (m, d)."""
        z = with_one(bounded(contexts))
        apart = self._arms @ self._design.mixing(contexts).transpose(0, 2, 1)
        apart -= (z @ self._crossed.T).reshape(len(z), *self._joint_shape)
        mean = z @ self._mean.T + apart @ self._joint_mean
        return JointSheet(self._known, mean, apart @ self._joint_root.T, self._triangles.squares(z))


class JointSheet:
    """Scores of arms that share coefficients, in m contexts.

    Args:
        known: of n arms.
        mean: (m, n).
        parts: (m, n, r) whose squares add up to the joint part of their variances, in units of the noise's.
        own: (m, n) the own part of it, where there is one.
    """

    def __init__(
        self, known: Known, mean: Floats, parts: Floats, own: Floats | None = None
    ) -> None:
        self._known = known
        self._mean, self._parts, self._own = mean, parts, own
        squares: Floats = np.einsum("mnr,mnr->mn", parts, parts)
        self._variance = squares if own is None else own + squares

    def at(self, number: int) -> Marginals:
        """In one of the contexts."""
        mean, parts, known = self._mean[number], self._parts[number], self._known
        own = None if self._own is None else np.sqrt(self._own[number])

        def joint(m: int, uniforms: Uniforms) -> Floats:
            n, r = parts.shape
            deviates = known.deviates(m, uniforms, r if own is None else r + n)
            scores: Floats = deviates[:, :r] @ parts.T
            if own is not None:
                scores += deviates[:, r:] * own
            scores += mean
            return scores

        return known.marginals(mean, self._variance[number], joint)

    def mean(self) -> Floats:
        """(m, n)."""
        return self._mean

    def ladder(self) -> tuple[Floats, Floats]:
        """Means and deviations, (m, n) each."""
        return self._known.family(self._mean, self._variance).ladder()


def _squares(parts: Floats) -> Floats:
    """(n,) sums of squares of n rows."""
    squares: Floats = np.einsum("ij,ij->i", parts, parts)
    return squares
