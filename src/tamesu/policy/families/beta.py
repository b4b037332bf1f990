"""Beta posteriors of a rate, in log-odds."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy import special

Floats = NDArray[np.float64]

MOST_EXPONENT = 700.0
"""Beyond it exp overflows, and 1 + (c / n) (exp(d) - 1) is (c / n) exp(d) to the last bit."""

FAR = 600.0
"""Log-odds beyond which the rate, or what it lacks to 1, is a leading power."""


class BetaFamily:
    """n Beta(alpha, beta) posteriors of a rate x, seen in z = log(x / (1 - x)).

    The density in z is x^alpha (1 - x)^beta / B(alpha, beta): smooth and bounded for every alpha
    and beta, also below 1 where the density in x has poles; and rates of 1e-4 and of 1/2 have
    scales alike.

    Density and distribution function agree to about 1e-11 for parameters up to 1e8 and worse
    beyond, as the rounding of z is felt.

    Attributes:
        alpha, beta: (n,) at least 1e-6; up to 1e10 the error of a propensity is bounded.
    """

    __slots__ = ("alpha", "beta")

    def __init__(self, alpha: Floats, beta: Floats) -> None:
        self.alpha = alpha
        self.beta = beta

    def take(self, rows: NDArray[np.intp]) -> BetaFamily:
        """The posteriors at `rows`."""
        return BetaFamily(self.alpha[rows], self.beta[rows])

    def distinct(self) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """By alpha, then beta."""
        # Complex numbers sort by their real, then their imaginary part.
        pairs = self.alpha + 1j * self.beta
        _, rows, whose = np.unique(pairs, return_index=True, return_inverse=True)
        return rows.astype(np.intp), whose.reshape(-1).astype(np.intp)

    def spread(self) -> tuple[Floats, Floats, Floats]:
        """Mean and deviation of the log-odds; the grain is the deviation, at most 1.

        E z = psi(alpha) - psi(beta), Var z = psi'(alpha) + psi'(beta).
        """
        centre = special.digamma(self.alpha) - special.digamma(self.beta)
        deviation = np.hypot(_root_trigamma(self.alpha), _root_trigamma(self.beta))
        return centre, deviation, np.minimum(deviation, 1.0)

    def log_density(self, z: Floats) -> Floats:
        """(n, m) at z, (m,) or (n, m).

        Written around the peak z0 = log(alpha / beta) as log f(z0) - D(z), so that nothing large
        cancels: with n = alpha + beta, c the smaller of the two, and d = z - z0 where c is alpha,
        z0 - z where it is beta, D = n log(1 + (c / n) (exp(d) - 1)) - c d.

        Source: the deviance form of Loader 2000, "Fast and accurate computation of binomial
        probabilities", carried over to log-odds.
        """
        alpha, beta = self.alpha[:, None], self.beta[:, None]
        n, c = alpha + beta, np.minimum(alpha, beta)
        d = (z - (np.log(alpha) - np.log(beta))) * np.where(alpha <= beta, 1.0, -1.0)
        near = np.minimum(d, MOST_EXPONENT)
        fall = n * (np.log1p(c / n * np.expm1(near)) + (d - near)) - c * d
        log: Floats = self._log_peak()[:, None] - fall
        return log

    def below(self, z: Floats) -> Floats:
        """(n, m) I_x(alpha, beta)."""
        tail, left = self._tail(z)
        return np.where(left, tail, 1.0 - tail)

    def above(self, z: Floats) -> Floats:
        """(n, m) 1 - I_x(alpha, beta)."""
        tail, left = self._tail(z)
        return np.where(left, 1.0 - tail, tail)

    def ladder(self) -> tuple[Floats, Floats]:
        """Mean and deviation."""
        return self.mean(), self.deviation()

    def mean(self) -> Floats:
        """Each alpha / (alpha + beta)."""
        mean: Floats = self.alpha / (self.alpha + self.beta)
        return mean

    def deviation(self) -> Floats:
        """Of the rate."""
        n = self.alpha + self.beta
        deviation: Floats = np.sqrt(self.alpha / n * (self.beta / n) / (n + 1.0))
        return deviation

    def quantile(self, q: float | Floats) -> Floats:
        """Rates."""
        return np.asarray(special.betaincinv(self.alpha, self.beta, q), dtype=np.float64)

    def _log_peak(self) -> Floats:
        """The height log f(z0) = log(alpha beta / (2 pi n)) / 2 + s(n) - s(alpha) - s(beta)."""
        n = self.alpha + self.beta
        scale = np.log(self.alpha) + np.log(self.beta) - np.log(n) - math.log(2.0 * math.pi)
        peak: Floats = (
            0.5 * scale + _stirling_rest(n) - _stirling_rest(self.alpha) - _stirling_rest(self.beta)
        )
        return peak

    def _tail(self, z: Floats) -> tuple[Floats, NDArray[np.bool_]]:
        """Mass below z where `left`, mass above it elsewhere; and `left`, z <= 0."""
        alpha, beta = self.alpha[:, None], self.beta[:, None]
        left = z <= 0
        near = np.where(left, alpha, beta)
        distance = np.abs(z)
        x = special.expit(-distance)
        tail: Floats = np.asarray(
            special.betainc(near, np.where(left, beta, alpha), x), dtype=np.float64
        )
        far = distance > FAR
        if far.any():
            # x^alpha / (alpha B): x itself would underflow.
            leading = np.exp(np.minimum(self.log_density(z) - np.log(near), 0.0))
            tail = np.where(far, leading, tail)
        return tail, left


def _root_trigamma(x: Floats) -> Floats:
    """The root of psi'(x) = zeta(2, x); 1 / x for x so small that its square is not a float."""
    small = x < 1e-3  # noqa: PLR2004 - psi'(x) = 1 / x^2 + 1.6 + O(x)
    safe = np.where(small, 1.0, x)
    root: Floats = np.where(small, 1.0 / x, np.sqrt(special.zeta(2.0, safe)))
    return root


def _stirling_rest(x: Floats) -> Floats:
    """What Stirling leaves: log Gamma(x) - ((x - 1/2) log x - x + log(2 pi) / 2), by its series from 10 on."""
    big = np.maximum(x, 10.0)
    square = 1.0 / (big * big)
    series = (
        1 / 12 - square * (1 / 360 - square * (1 / 1260 - square * (1 / 1680 - square / 1188)))
    ) / big
    small = np.minimum(x, 10.0)
    direct = (
        special.gammaln(small) - (small - 0.5) * np.log(small) + small - 0.5 * math.log(2 * math.pi)
    )
    rest: Floats = np.where(x < 10.0, direct, series)  # noqa: PLR2004 - the series is good to 1e-14 there
    return rest
