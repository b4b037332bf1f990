"""Normal posteriors of a mean reward."""

from __future__ import annotations

import math
from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy import special

Floats = NDArray[np.float64]


class NormalFamily:
    """n Normal(location, scale^2) posteriors; z is the reward itself.

    Attributes:
        location, scale: (n,) finite, scale above 0.
    """

    __slots__ = ("location", "scale")

    def __init__(self, location: Floats, scale: Floats) -> None:
        self.location = location
        self.scale = scale

    def take(self, rows: NDArray[np.intp]) -> Self:
        """The posteriors at `rows`."""
        return type(self)(self.location[rows], self.scale[rows])

    def distinct(self) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """By location, then scale."""
        # Complex numbers sort by their real, then their imaginary part.
        pairs = self.location + 1j * self.scale
        _, rows, whose = np.unique(pairs, return_index=True, return_inverse=True)
        return rows.astype(np.intp), whose.reshape(-1).astype(np.intp)

    def spread(self) -> tuple[Floats, Floats, Floats]:
        """Location, scale, scale."""
        return self.location, self.scale, self.scale

    def log_density(self, z: Floats) -> Floats:
        """-t^2 / 2 - log(scale sqrt(2 pi)), t = (z - location) / scale."""
        t = self._standard(z)
        log: Floats = -0.5 * t * t - np.log(self.scale)[:, None] - 0.5 * math.log(2.0 * math.pi)
        return log

    def below(self, z: Floats) -> Floats:
        """Phi(t)."""
        below: Floats = special.ndtr(self._standard(z))
        return below

    def above(self, z: Floats) -> Floats:
        """Phi(-t)."""
        above: Floats = special.ndtr(-self._standard(z))
        return above

    def ladder(self) -> tuple[Floats, Floats]:
        """Mean and deviation."""
        return self.mean(), self.deviation()

    def mean(self) -> Floats:
        """The location."""
        return self.location

    def deviation(self) -> Floats:
        """The scale."""
        return self.scale

    def quantile(self, q: float | Floats) -> Floats:
        """Each location + scale Phi^-1(q)."""
        quantile: Floats = self.location + self.scale * special.ndtri(q)
        return quantile

    def _standard(self, z: Floats) -> Floats:
        standard: Floats = (z - self.location[:, None]) / self.scale[:, None]
        return standard
