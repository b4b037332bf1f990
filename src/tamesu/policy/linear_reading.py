"""Readings of a linear belief: from a context to what each arm's score is thought to be.

One class for each sharing. Refuses to look at sums: what contexts share was computed before.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import special

from tamesu.policy.contract import Coefficients, Marginals
from tamesu.policy.design import Design, bounded
from tamesu.policy.families.normal import NormalFamily
from tamesu.policy.families.student_t import StudentTFamily
from tamesu.policy.uniforms import Uniforms

Floats: TypeAlias = NDArray[np.float64]

LEAST_SCALE = 1e-290
"""Of a score; a distribution has none of 0."""


class Known(NamedTuple):
    """What a state says of n arms, besides coefficients.

    Attributes:
        noise: (n,) deviation of a reward, or (1,) where arms share it.
        dof: degrees of freedom of what is known of it, likewise; none where it is given.
        observations: (n,) learnt from each arm.
        total: learnt in all, retired arms included.
        clipped: (n,) rewards that lay outside of the bounds.
        weight: (n,) what those observations weigh now.
        total_weight: the same of all arms.
        typical: (d,) the mean context of what was learnt.
    """

    noise: Floats
    dof: Floats | None
    observations: NDArray[np.int64]
    total: int
    clipped: NDArray[np.int64]
    weight: Floats
    total_weight: float
    typical: Floats

    def family(self, mean: Floats, variance: Floats) -> NormalFamily | StudentTFamily:
        """Posteriors around `mean` (..., n) with `variance` (..., n) in units of the noise's."""
        scale = self.noise * np.sqrt(variance)
        np.maximum(scale, LEAST_SCALE, out=scale)
        if self.dof is None:
            return NormalFamily(mean, scale)
        n = mean.shape[-1]
        dof = self.dof if len(self.dof) == n else np.full(n, self.dof[0])
        return StudentTFamily(dof, mean, scale)

    def marginals(
        self,
        mean: Floats,
        variance: Floats,
        joint: Callable[[int, Uniforms], Floats] | None = None,
    ) -> Marginals:
        """Scores around `mean` (n,) with `variance` (n,) in units of the noise's."""
        return Marginals(
            kind="normal" if self.dof is None else "student_t",
            family=self.family(mean, variance),
            observations=self.observations,
            total=self.total,
            joint=joint,
            clipped=self.clipped,
            weight=self.weight,
            total_weight=self.total_weight,
        )

    def deviates(self, m: int, uniforms: Uniforms, width: int) -> Floats:
        """(m, width) normal deviates of m draws, each draw by one noise of its own where that is learnt."""
        stream = uniforms.stream(m * (width + 1))
        normal = special.ndtri(stream[: m * width]).reshape(m, width)
        noise = float(self.noise[0])
        if self.dof is None:
            plain: Floats = noise * normal
            return plain
        half = 0.5 * float(self.dof[0])
        # 1 / noise^2 is gamma with shape dof / 2: so many degrees of freedom, one noise for all arms.
        surer = special.gammaincinv(half, stream[m * width :]) / half
        drawn: Floats = noise * normal / np.sqrt(surer)[:, None]
        return drawn


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


class OwnReading:
    """Each arm by its own coefficients: independent arms. O(n p^2) for a context."""

    coefficients: Coefficients | None = None

    def __init__(self, design: Design, known: Known, root: Floats, mean: Floats) -> None:
        n, p, _ = root.shape
        self._design = design
        self._known = known
        self._mean = mean
        self._root = root.reshape(n * p, p)
        self._shape = (n, p)
        self.typical = known.typical
        self.contextual = design.width > 0

    def at(self, context: Floats) -> Marginals:
        """Scores theta_a . (1, x)."""
        z = self._design.own(context)
        parts = (self._root @ z).reshape(self._shape)
        return self._known.marginals(self._mean @ z, _squares(parts))

    def many(self, contexts: Floats) -> OwnSheet:
        """`at` of each of m contexts (m, d)."""
        z = _with_one(bounded(contexts))
        parts = (z @ self._root.T).reshape(len(z), *self._shape)
        return OwnSheet(self._known, z @ self._mean.T, np.einsum("mnp,mnp->mn", parts, parts))


class OwnSheet:
    """Scores of independent arms in many contexts: `mean` (m, n), `variance` (m, n) in units of the noise's."""

    def __init__(self, known: Known, mean: Floats, variance: Floats) -> None:
        self._known = known
        self._mean, self._variance = mean, variance

    def at(self, number: int) -> Marginals:
        """In one of the contexts."""
        return self._known.marginals(self._mean[number], self._variance[number])

    def mean(self) -> Floats:
        """(m, n)."""
        return self._mean

    def ladder(self) -> tuple[Floats, Floats]:
        """Means and deviations, (m, n) each."""
        return self._known.family(self._mean, self._variance).ladder()


class SharedReading:
    """All arms by the same coefficients, before columns made of context and arm. O(q^2 + n a^2)."""

    def __init__(
        self, design: Design, known: Known, joint: JointCoefficients, features: Floats
    ) -> None:
        self._design = design
        self._known = known
        self.coefficients: Coefficients | None = joint
        self._root, self._mean = joint.root, joint.mean()
        self._arms = _with_one(bounded(features))
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
        root: Floats,
        mean: Floats,
        crossed: Floats,
    ) -> None:
        n, q, p = crossed.shape
        self._design = design
        self._known = known
        self._joint_root, self._joint_mean = joint.root, joint.mean()
        self._arms = _with_one(bounded(features))
        self._root, self._mean = root.reshape(n * p, p), mean
        self._crossed = crossed.reshape(n * q, p)
        self._shape, self._joint_shape = (n, p), (n, q)
        self.typical = known.typical
        self.contextual = design.width > 0

    def at(self, context: Floats) -> Marginals:
        """Scores theta_a . (1, x) + beta . phi(x, a)."""
        z, known = self._design.own(context), self._known
        own = _squares((self._root @ z).reshape(self._shape))
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


def _with_one(features: Floats) -> Floats:
    return np.concatenate([np.ones((len(features), 1)), features], axis=1)


def _squares(parts: Floats) -> Floats:
    """(n,) sums of squares of n rows."""
    squares: Floats = np.einsum("ij,ij->i", parts, parts)
    return squares
