"""Worlds whose people look from the top and click the first arm that attracts them.

Refuses clicks below the first: whoever clicked is gone.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tamesu.base import InvalidInput, ShapeMismatch
from tamesu.sim.world import World
from tamesu.sim.worlds.coefficients import Floats, LogisticWorld


class CascadeWorld:
    """n arms, of which arm a attracts who looks at it with probability `rates[a]`.

    Laws: as `BernoulliWorld` for one position; the rewards of a decision add up to 0 or 1, with the mean
    1 - prod (1 - rates), whatever the order. Of what an arm earns its neighbours above take a part.

    Example:
        >>> world = CascadeWorld([0.5, 0.2])
        >>> world.expected(np.array([[0, 1], [1, 0]]))
        array([[0.5, 0.1],
               [0.2, 0.4]])

    Attributes:
        rates: (n,) in [0, 1]; read-only.

    Source: Craswell et al. 2008; Kveton et al. 2015.
    """

    def __init__(self, rates: Sequence[float] | NDArray[np.float64]) -> None:
        self.rates = np.array(rates, dtype=np.float64)
        self.rates.setflags(write=False)
        if self.rates.ndim != 1 or not self.rates.size:
            raise ShapeMismatch(f"rates must be (n,) with n >= 1, got {self.rates.shape}")
        if not np.all((self.rates >= 0) & (self.rates <= 1)):
            raise InvalidInput("rates must lie in [0, 1]")

    def at(self, progress: float) -> World:
        """Itself: nothing changes."""
        del progress
        return self

    def facing(self, shares: NDArray[np.float64]) -> World:
        """Itself: it does not look at who plays."""
        del shares
        return self

    def expected(self, arms: NDArray[np.intp]) -> NDArray[np.float64]:
        """(m, k) how likely each is the first that attracts."""
        rates = self.rates[arms]
        reached = np.cumprod(1.0 - rates, axis=1)
        reached = np.concatenate([np.ones((len(rates), 1)), reached[:, :-1]], axis=1)
        expected: NDArray[np.float64] = rates * reached
        return expected

    def rewards(self, arms: NDArray[np.intp], uniforms: NDArray[np.float64]) -> NDArray[np.float64]:
        """(m, k) 1 for the first of `arms` (m, k) that attracts at `uniforms` (same), 0 for others."""
        if arms.shape != uniforms.shape:
            raise ShapeMismatch(
                f"arms and uniforms must have one shape, got {arms.shape} and {uniforms.shape}"
            )
        return first_of(uniforms < self.rates[arms])

    def best(self, size: int) -> float:
        """Of the `size` arms that attract most, in any order."""
        return float(1.0 - np.prod(1.0 - np.sort(self.rates)[::-1][:size]))

    def uniform(self, size: int) -> float:
        """What `size` different arms by chance are expected to earn, exactly."""
        return float(by_chance(self.rates[None], size)[0])

    def gaps(self) -> NDArray[np.float64]:
        """(n,) at position 0."""
        gaps: NDArray[np.float64] = self.rates.max() - self.rates
        return gaps


class ContextualCascadeWorld(LogisticWorld):
    """A cascade in which the context says, for each arm, how likely it attracts who looks at it.

    Example:
        >>> world = ContextualCascadeWorld([[1.0], [-1.0]])
        >>> rates = world.expected(np.array([[2.0]]))
        >>> world.earned(rates, np.array([[0, 1]])).round(3), world.best(rates, 1).round(3)
        (array([0.895]), array([0.881]))

    Source: Zong et al. 2016.
    """

    def rewards(self, contexts: Floats, arms: NDArray[np.intp], uniforms: Floats) -> Floats:
        """(m, k) 1 for the first of `arms` (m, k) that attracts, 0 for others."""
        return first_of(uniforms < self.of_the(contexts, arms, uniforms))

    def earned(self, expected: Floats, arms: NDArray[np.intp]) -> Floats:
        """(m,) how likely any of `arms` (m, k) attracts."""
        earned: Floats = 1.0 - np.prod(1.0 - np.take_along_axis(expected, arms, axis=1), axis=1)
        return earned

    def best(self, expected: Floats, size: int) -> Floats:
        """(m,) of the `size` arms that attract most, in any order."""
        best: Floats = 1.0 - np.prod(1.0 - np.sort(expected, axis=1)[:, -size:], axis=1)
        return best

    def uniform(self, expected: Floats, size: int) -> Floats:
        """(m,) of `size` different arms by chance."""
        return by_chance(expected, size)


def first_of(attracts: NDArray[np.bool_]) -> Floats:
    """(m, k) 1 at the first of each row of `attracts` (m, k), 0 elsewhere."""
    first: Floats = (attracts & (np.cumsum(attracts, axis=-1) == 1)).astype(np.float64)
    return first


def by_chance(rates: Floats, size: int) -> Floats:
    """(m,) how likely any of `size` different arms attracts, drawn by chance from `rates` (m, n).

    1 - e_k(1 - rates) / C(n, k), e_k the elementary symmetric polynomial: the mean of the products of
    k of them. Kept divided by C(n, k), so that it stays within [0, 1] for any number of arms.

    Example:
        >>> by_chance(np.array([[0.5, 0.2]]), 1)
        array([0.35])
    """
    means = np.zeros((size + 1, len(rates)))
    means[0] = 1.0
    for number, rest in enumerate((1.0 - rates).T, start=1):
        for k in range(min(number, size), 0, -1):
            means[k] += (rest * means[k - 1] - means[k]) * k / number
    chance: Floats = 1.0 - means[size]
    return chance
