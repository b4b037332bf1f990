"""Readings of a linear belief: from a context to what each arm's score is thought to be.

Here of arms that share no coefficient; those that do are in `tamesu.policy.joint_reading`. Refuses to look
at sums: what contexts share was computed before.
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
from tamesu.policy.families.student_t import StudentTFamily, inflation_of
from tamesu.policy.triangles import Triangles
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
        inflation: (n,) of `dof`; none where it is not worked out.
    """

    noise: Floats
    dof: Floats | None
    observations: NDArray[np.int64]
    total: int
    clipped: NDArray[np.int64]
    weight: Floats
    total_weight: float
    typical: Floats
    inflation: Floats | None = None

    def inflated(self) -> Known:
        """The same with the inflation of as many degrees of freedom as there are arms worked out."""
        return self if self.dof is None else self._replace(inflation=inflation_of(self.dof))

    def family(self, mean: Floats, variance: Floats) -> NormalFamily | StudentTFamily:
        """Posteriors around `mean` (..., n) with `variance` (..., n) in units of the noise's."""
        scale: Floats = np.sqrt(variance)
        scale *= self.noise
        np.maximum(scale, LEAST_SCALE, out=scale)
        if self.dof is None:
            return NormalFamily(mean, scale)
        n = mean.shape[-1]
        dof = self.dof if len(self.dof) == n else np.full(n, self.dof[0])
        return StudentTFamily(dof, mean, scale, self.inflation)

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
            passing=True,
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


class OwnReading:
    """Each arm by its own coefficients: independent arms. O(n p^2) for a context."""

    coefficients: Coefficients | None = None

    def __init__(self, design: Design, known: Known, triangles: Triangles, mean: Floats) -> None:
        self._design = design
        self._known = known.inflated()
        self._mean = mean
        self._triangles = triangles
        self.typical = known.typical
        self.contextual = design.width > 0

    def at(self, context: Floats) -> Marginals:
        """Scores theta_a . (1, x)."""
        z = self._design.own(context)
        return self._known.marginals(self._mean.dot(z), self._triangles.squares(z))

    def many(self, contexts: Floats) -> OwnSheet:
        """`at` of each of m contexts (m, d)."""
        z = with_one(bounded(contexts))
        return OwnSheet(self._known, z @ self._mean.T, self._triangles.squares(z))


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


def with_one(rows: Floats) -> Floats:
    """(n, 1 + a) rows (n, a) behind a column of ones."""
    return np.concatenate([np.ones((len(rows), 1)), rows], axis=1)
