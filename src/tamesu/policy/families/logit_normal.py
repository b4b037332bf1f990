"""Posteriors of a rate whose log-odds are normal."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy import special

from tamesu.policy.families.normal import NormalFamily

Floats = NDArray[np.float64]

NODES, _WEIGHTS = np.polynomial.hermite_e.hermegauss(9)
WEIGHTS = _WEIGHTS / _WEIGHTS.sum()

WIDE = 4.0
"""Deviation of the log-odds from which on the wide formula counts more than the nodes."""

_LARGE = 1e70
_PROBIT = 8.0 / math.pi


class LogitNormalFamily(NormalFamily):
    """n posteriors of a rate, log(rate / (1 - rate)) ~ Normal(location, scale^2); z is those log-odds.

    With m_9, v_9 mean and variance of the rate at nine Gauss-Hermite nodes, and u = scale / 4,

        mean      = w m_9 + (1 - w) m,     w = 1 / (1 + u^6),  m = sigma(location / sqrt(1 + pi scale^2 / 8))
        variance  = w v_9 + (1 - w) (m (1 - m) - phi(location; 8 / pi + scale^2))

    The nodes are right to four digits up to a scale of 1, also for rates of a few in a thousand, where
    m alone is a third too high; beyond a scale of 4 they are too few, and m is right to two digits. The mean
    rises with the location, always.

    Source: MacKay 1992, The evidence framework, for m; the blend is our own.

    Attributes:
        location, scale: (n,) finite, scale above 0.
    """

    __slots__ = ()

    def ladder(self) -> tuple[Floats, Floats]:
        """Location and scale: bounds of a rate are bounds of its log-odds."""
        return self.location, self.scale

    def mean(self) -> Floats:
        """Of the rate."""
        narrow, wide = self._blend()
        mean: Floats = narrow * (self._at_nodes() @ WEIGHTS) + wide * self._wide_mean()
        return mean

    def deviation(self) -> Floats:
        """Of the rate."""
        narrow, wide = self._blend()
        rates = self._at_nodes()
        near = ((rates - (rates @ WEIGHTS)[:, None]) ** 2) @ WEIGHTS
        m, spread = self._wide_mean(), _PROBIT + np.minimum(self.scale, _LARGE) ** 2
        rest = np.exp(-0.5 * self.location**2 / spread) / np.sqrt(2.0 * math.pi * spread)
        far = np.maximum(m * (1.0 - m) - rest, 0.0)
        deviation: Floats = np.sqrt(narrow * near + wide * far)
        return deviation

    def quantile(self, q: float | Floats) -> Floats:
        """Each sigma(location + scale Phi^-1(q))."""
        quantile: Floats = special.expit(self.location + self.scale * special.ndtri(q))
        return quantile

    def _at_nodes(self) -> Floats:
        rates: Floats = special.expit(self.location[:, None] + self.scale[:, None] * NODES)
        return rates

    def _wide_mean(self) -> Floats:
        mean: Floats = special.expit(
            self.location / np.sqrt(1.0 + np.minimum(self.scale, _LARGE) ** 2 / _PROBIT)
        )
        return mean

    def _blend(self) -> tuple[Floats, Floats]:
        """(n,) weights of the nodes and of the wide formula."""
        wide = (np.minimum(self.scale, 1e9) / WIDE) ** 6
        return 1.0 / (1.0 + wide), wide / (1.0 + wide)
