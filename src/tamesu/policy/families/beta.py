"""Beta posteriors in log-odds."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import special

Floats = NDArray[np.float64]


class BetaFamily:
    """n Beta(alpha, beta) posteriors of a rate x, seen in z = log(x / (1 - x))."""

    __slots__ = ("alpha", "beta")

    def __init__(self, alpha: Floats, beta: Floats) -> None:
        self.alpha = alpha
        self.beta = beta

    def take(self, rows: NDArray[np.intp]) -> BetaFamily:
        """The posteriors at `rows`."""
        return BetaFamily(self.alpha[rows], self.beta[rows])

    def distinct(self) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """By alpha, then beta."""
        pairs = np.stack([self.alpha, self.beta], axis=1)
        _, rows, whose = np.unique(pairs, axis=0, return_index=True, return_inverse=True)
        return rows, whose.reshape(-1)

    def spread(self) -> tuple[Floats, Floats]:
        """Mean and deviation of the log-odds."""
        centre = special.digamma(self.alpha) - special.digamma(self.beta)
        return centre, np.sqrt(special.polygamma(1, self.alpha) + special.polygamma(1, self.beta))

    def log_density(self, z: Floats) -> Floats:
        a, b = self.alpha[:, None], self.beta[:, None]
        return a * z - (a + b) * np.logaddexp(0, z) - special.betaln(a, b)

    def below(self, z: Floats) -> Floats:
        return special.betainc(self.alpha[:, None], self.beta[:, None], special.expit(z))

    def above(self, z: Floats) -> Floats:
        return special.betainc(self.beta[:, None], self.alpha[:, None], special.expit(-z))

    def mean(self) -> Floats:
        """alpha / (alpha + beta)."""
        return self.alpha / (self.alpha + self.beta)

    def deviation(self) -> Floats:
        """Of the rate."""
        n = self.alpha + self.beta
        return np.sqrt(self.alpha / n * (self.beta / n) / (n + 1))

    def quantile(self, q: float) -> Floats:
        """Rates."""
        return special.betaincinv(self.alpha, self.beta, q)
