"""A world of arms with fixed rates: each reward is 1 with its arm's rate, else 0.

Refuses to draw: uniforms are arguments.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tamesu.base import InvalidInput, ShapeMismatch
from tamesu.sim.worlds.alike import AlikeWorld


class BernoulliWorld(AlikeWorld):
    """n arms, reward 1 with probability `rates[a]`, independent of everything else.

    Randomness is an argument: the caller brings one uniform in [0, 1) per reward, so that two
    policies can be compared on the same luck.

    Laws: `rewards(a, u)` rises with the rate and falls with u; its mean over u is the rate.

    Example:
        >>> world = BernoulliWorld([0.1, 0.2])
        >>> world.rewards(np.array([0, 1]), np.array([0.15, 0.15]))
        array([0., 1.])

    Args:
        rates: (n,) in [0, 1].
    """

    def __init__(self, rates: Sequence[float] | NDArray[np.float64]) -> None:
        given = np.asarray(rates, dtype=np.float64)
        if not np.all((given >= 0) & (given <= 1)):
            raise InvalidInput("rates must lie in [0, 1]")
        super().__init__(given)

    @property
    def rates(self) -> NDArray[np.float64]:
        """(n,) in [0, 1]: what each arm is worth."""
        return self.means

    def rewards(self, arms: NDArray[np.intp], uniforms: NDArray[np.float64]) -> NDArray[np.float64]:
        """Rewards, 0 or 1, of playing `arms` (any shape, numbers of arms) at `uniforms` (same)."""
        if arms.shape != uniforms.shape:
            raise ShapeMismatch(
                f"arms and uniforms must have one shape, got {arms.shape} and {uniforms.shape}"
            )
        return (uniforms < self.rates[arms]).astype(np.float64)
