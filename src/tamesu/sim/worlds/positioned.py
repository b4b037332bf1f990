"""A world where it matters at which position an arm stands.

People look at the first position and less at those below, and an arm may suit one place and not
another. Refuses to let neighbours take rewards from each other: positions are independent.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tamesu.base import InvalidInput, ShapeMismatch
from tamesu.sim.regret import best_assignment
from tamesu.sim.world import World


class PositionedWorld:
    """n arms at k positions, reward 1 with probability `rates[a, i]` of arm a at position i.

    Laws: as `BernoulliWorld`, at each position.

    Example:
        >>> world = PositionedWorld.examined([0.4, 0.2], [1.0, 0.5])
        >>> world.expected(np.array([[0, 1], [1, 0]]))
        array([[0.4, 0.1],
               [0.2, 0.2]])

    Attributes:
        rates: (n, k) in [0, 1]; read-only.
    """

    def __init__(self, rates: Sequence[Sequence[float]] | NDArray[np.float64]) -> None:
        self.rates = np.array(rates, dtype=np.float64)
        self.rates.setflags(write=False)
        if self.rates.ndim != 2 or not self.rates.size:  # noqa: PLR2004 - arms by positions
            raise ShapeMismatch(f"rates must be (n, k) with n, k >= 1, got {self.rates.shape}")
        if not np.all((self.rates >= 0) & (self.rates <= 1)):
            raise InvalidInput("rates must lie in [0, 1]")

    @classmethod
    def examined(
        cls,
        rates: Sequence[float] | NDArray[np.float64],
        examination: Sequence[float] | NDArray[np.float64],
        *,
        own: NDArray[np.float64] | None = None,
        apart: float = 0.0,
    ) -> PositionedWorld:
        """The world in which position i is looked at with probability `examination[i]`.

        The rate of arm a at position i is examination_i ((1 - apart) rates_a + apart own_ai): the
        examination hypothesis of click models, where `apart` is 0.

        Args:
            rates: (n,) of those who look, in [0, 1].
            examination: (k,) in [0, 1].
            own: (n, k) rates of an arm where it stands, in [0, 1]; none for `rates`.
            apart: in [0, 1], how much of an arm's rate is its own at that position.

        Source: Craswell, Zoeter, Taylor & Ramsey, An experimental comparison of click
        position-bias models, WSDM 2008.
        """
        attraction, looked = np.asarray(rates, np.float64), np.asarray(examination, np.float64)
        if attraction.ndim != 1 or looked.ndim != 1:
            raise ShapeMismatch(
                "rates must be (n,) and examination (k,), "
                f"got {attraction.shape} and {looked.shape}"
            )
        everywhere = np.repeat(attraction[:, None], len(looked), axis=1)
        there = everywhere if own is None else np.asarray(own, np.float64)
        if there.shape != everywhere.shape:
            raise ShapeMismatch(f"own must be {everywhere.shape}, got {there.shape}")
        return cls(looked * ((1 - apart) * everywhere + apart * there))

    @property
    def positions(self) -> int:
        """How many positions it has."""
        return int(self.rates.shape[1])

    def at(self, progress: float) -> World:
        """Itself: nothing changes."""
        del progress
        return self

    def facing(self, shares: NDArray[np.float64]) -> World:
        """Itself: it does not look at who plays."""
        del shares
        return self

    def expected(self, arms: NDArray[np.intp]) -> NDArray[np.float64]:
        """(m, k) rates, each at its position."""
        rates: NDArray[np.float64] = self.rates[arms, np.arange(arms.shape[1])]
        return rates

    def rewards(self, arms: NDArray[np.intp], uniforms: NDArray[np.float64]) -> NDArray[np.float64]:
        """(m, k) rewards, 0 or 1, of `arms` (m, k) at `uniforms` (same)."""
        if arms.shape != uniforms.shape:
            raise ShapeMismatch(
                f"arms and uniforms must have one shape, got {arms.shape} and {uniforms.shape}"
            )
        return (uniforms < self.expected(arms)).astype(np.float64)

    def best(self, size: int) -> float:
        """Of the assignment of `size` arms to positions that earns most, solved exactly."""
        return best_assignment(self.rates[:, :size])

    def gaps(self) -> NDArray[np.float64]:
        """(n,) at position 0."""
        first = self.rates[:, 0]
        gaps: NDArray[np.float64] = first.max() - first
        return gaps
