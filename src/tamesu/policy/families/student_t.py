"""Student-t posteriors of a mean reward."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy import special

Floats = NDArray[np.float64]


class StudentTFamily:
    """n Student-t posteriors of a mean whose noise is learnt too; z is the reward itself.

    Args:
        dof, location, scale: (n,) finite, dof and scale above 0.
        inflation: `inflation_of` dof; none where it is not known yet.
    """

    __slots__ = ("_inflation", "dof", "location", "scale")

    def __init__(
        self, dof: Floats, location: Floats, scale: Floats, inflation: Floats | None = None
    ) -> None:
        self.dof = dof
        self.location = location
        self.scale = scale
        self._inflation = inflation

    def take(self, rows: NDArray[np.intp]) -> StudentTFamily:
        """The posteriors at `rows`."""
        inflation = None if self._inflation is None else self._inflation[rows]
        return StudentTFamily(self.dof[rows], self.location[rows], self.scale[rows], inflation)

    def distinct(self) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """By location, then scale, then degrees of freedom."""
        triples = np.stack([self.location, self.scale, self.dof], axis=1)
        _, rows, whose = np.unique(triples, axis=0, return_index=True, return_inverse=True)
        return rows.astype(np.intp), whose.reshape(-1).astype(np.intp)

    def spread(self) -> tuple[Floats, Floats, Floats]:
        """Location, scale, scale."""
        return self.location, self.scale, self.scale

    def log_density(self, z: Floats) -> Floats:
        """-(nu + 1) / 2 log(1 + t^2 / nu) - log(scale sqrt(nu) B(nu / 2, 1 / 2))."""
        t, nu = self._standard(z), self.dof[:, None]
        norm = np.log(self.scale) + 0.5 * np.log(self.dof) + special.betaln(0.5 * self.dof, 0.5)
        log: Floats = -0.5 * (nu + 1.0) * np.log1p(t * t / nu) - norm[:, None]
        return log

    def below(self, z: Floats) -> Floats:
        """The t distribution function at t."""
        below: Floats = special.stdtr(self.dof[:, None], self._standard(z))
        return below

    def above(self, z: Floats) -> Floats:
        """The t distribution function at -t."""
        above: Floats = special.stdtr(self.dof[:, None], -self._standard(z))
        return above

    def ladder(self) -> tuple[Floats, Floats]:
        """Mean and deviation."""
        return self.mean(), self.deviation()

    def mean(self) -> Floats:
        """The location; a mean only where dof > 1."""
        return self.location

    def deviation(self) -> Floats:
        """Each scale sqrt(nu / (nu - 2)); infinite up to two degrees of freedom."""
        return self.scale * (inflation_of(self.dof) if self._inflation is None else self._inflation)

    def quantile(self, q: float | Floats) -> Floats:
        """Each location + scale t^-1(q)."""
        quantile: Floats = self.location + self.scale * special.stdtrit(self.dof, q)
        return quantile

    def _standard(self, z: Floats) -> Floats:
        standard: Floats = (z - self.location[:, None]) / self.scale[:, None]
        return standard


def inflation_of(dof: Floats) -> Floats:
    """(n,) deviations in units of the scale, sqrt(nu / (nu - 2)); infinite up to two degrees of freedom."""
    finite = dof > 2.0  # noqa: PLR2004 - where the variance exists
    ratio = dof / np.where(finite, dof - 2.0, 1.0)
    return np.where(finite, np.sqrt(ratio), math.inf)
