"""Worlds of coefficients: what an arm is worth follows from the numbers of a context, each weighed.

Refuses to draw: coefficients and uniforms are arguments.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, ndtri

from tamesu.base import InvalidInput, ShapeMismatch
from tamesu.sim.world import ContextualWorld

Floats: TypeAlias = NDArray[np.float64]

LEAST, MOST = 2.0**-54, 1 - 2.0**-53
"""Uniforms are kept between these, so that no reward is infinite: all lie within 8.3 deviations."""


class CoefficientsWorld(ContextualWorld):
    """n arms; `products` is offset + coefficients . x of each, of which the worlds below make rewards.

    Args:
        coefficients: (n, d) finite.
        offsets: (n,) finite, what stands where the context is 0; 0 without.
    """

    def __init__(
        self,
        coefficients: Sequence[Sequence[float]] | Floats,
        offsets: Sequence[float] | Floats | None = None,
    ) -> None:
        self.coefficients = np.array(coefficients, dtype=np.float64)
        if self.coefficients.ndim != 2 or not len(self.coefficients):  # noqa: PLR2004 - a matrix
            raise ShapeMismatch(
                f"coefficients must be (n, d) of n >= 1 arms, got {self.coefficients.shape}"
            )
        n = len(self.coefficients)
        self.offsets = np.zeros(n) if offsets is None else np.array(offsets, dtype=np.float64)
        if self.offsets.shape != (n,):
            raise ShapeMismatch(f"offsets must be ({n},), got {self.offsets.shape}")
        if not (np.isfinite(self.coefficients).all() and np.isfinite(self.offsets).all()):
            raise InvalidInput("coefficients and offsets must be finite")

    def products(self, contexts: Floats) -> Floats:
        """(m, n) offset + coefficients . x of each arm in `contexts` (m, d)."""
        if contexts.ndim != 2 or contexts.shape[1] != self.coefficients.shape[1]:  # noqa: PLR2004 - the same
            raise ShapeMismatch(
                f"contexts must be (m, {self.coefficients.shape[1]}), got {contexts.shape}"
            )
        products: Floats = self.offsets + contexts @ self.coefficients.T
        return products

    def earned(self, expected: Floats, arms: NDArray[np.intp]) -> Floats:
        """(m,) what decisions of `arms` (m, k) come to: the sum, for each earns its own."""
        earned: Floats = np.take_along_axis(expected, arms, axis=1).sum(axis=1)
        return earned

    def best(self, expected: Floats, size: int) -> Floats:
        """(m,) what the best `size` arms come to."""
        top = expected.max(axis=1, keepdims=True) if size == 1 else np.sort(expected, axis=1)
        best: Floats = top[:, -size:].sum(axis=1)
        return best

    def uniform(self, expected: Floats, size: int) -> Floats:
        """(m,) what `size` different arms by chance come to."""
        uniform: Floats = size * expected.mean(axis=1)
        return uniform

    def of_the(self, contexts: Floats, arms: NDArray[np.intp], uniforms: Floats) -> Floats:
        """(m, k) what `arms` (m, k) are expected to earn."""
        if arms.shape != uniforms.shape:
            raise ShapeMismatch(
                f"arms and uniforms must have one shape, got {arms.shape} and {uniforms.shape}"
            )
        return np.take_along_axis(self.expected(contexts), arms, axis=1)


class LinearWorld(CoefficientsWorld):
    """Rewards are normal around offset + coefficients . x, with one deviation.

    Example:
        >>> world = LinearWorld([[1.0, 0.0], [0.0, 2.0]], sd=0.5)
        >>> world.expected(np.array([[3.0, 1.0]]))
        array([[3., 2.]])
        >>> world.rewards(np.array([[3.0, 1.0]]), np.array([[1]]), np.array([[0.5]]))
        array([[2.]])

    Args:
        coefficients, offsets: as in `CoefficientsWorld`.
        sd: finite and at least 0.
    """

    def __init__(
        self,
        coefficients: Sequence[Sequence[float]] | Floats,
        offsets: Sequence[float] | Floats | None = None,
        *,
        sd: float,
    ) -> None:
        super().__init__(coefficients, offsets)
        if not 0.0 <= sd < np.inf:
            raise InvalidInput("sd must be finite and at least 0")
        self.sd = sd

    def expected(self, contexts: Floats) -> Floats:
        """(m, n) expected reward of every arm in m contexts."""
        return self.products(contexts)

    def rewards(self, contexts: Floats, arms: NDArray[np.intp], uniforms: Floats) -> Floats:
        """(m, k) rewards; they rise with the uniforms."""
        z: Floats = ndtri(np.clip(uniforms, LEAST, MOST))
        return self.of_the(contexts, arms, uniforms) + self.sd * z


class LogisticWorld(CoefficientsWorld):
    """Rewards are 1 with probability 1 / (1 + exp(-(offset + coefficients . x))), else 0.

    Example:
        >>> world = LogisticWorld([[1.0], [-1.0]])
        >>> world.expected(np.array([[0.0], [2.0]])).round(3)
        array([[0.5  , 0.5  ],
               [0.881, 0.119]])
    """

    def expected(self, contexts: Floats) -> Floats:
        """(m, n) probability of a reward of every arm in m contexts."""
        rates: Floats = expit(self.products(contexts))
        return rates

    def rewards(self, contexts: Floats, arms: NDArray[np.intp], uniforms: Floats) -> Floats:
        """(m, k) rewards, 0 or 1: 1 where the uniform lies below the probability."""
        return (uniforms < self.of_the(contexts, arms, uniforms)).astype(np.float64)
