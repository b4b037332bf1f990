"""A world of rewards that are numbers: each is normal around its arm's mean.

Refuses to draw: uniforms are arguments.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from tamesu.base import InvalidInput, ShapeMismatch
from tamesu.sim.worlds.alike import AlikeWorld

LEAST, MOST = 2.0**-54, 1 - 2.0**-53
"""Uniforms are kept between these, so that no reward is infinite: all lie within 8.3 deviations."""


class GaussianWorld(AlikeWorld):
    """n arms, reward `means[a] + sd[a] z` with z standard normal, independent of everything else.

    z is the normal quantile of the uniform, so it rises with it. No range is declared: a learner
    that clips rewards to one learns the means of what it clips, and regret is told of the means here.

    Laws: the mean of `rewards` over u is `means[a]`, its deviation `sd[a]`.

    Example:
        >>> world = GaussianWorld([1.0, 5.0], sd=2.0)
        >>> world.rewards(np.array([0, 1]), np.array([0.5, 0.8413447460685429])).round(6)
        array([1., 7.])

    Args:
        means: (n,) finite.
        sd: (n,) or one for all, finite and at least 0.
    """

    def __init__(
        self,
        means: Sequence[float] | NDArray[np.float64],
        sd: float | Sequence[float] | NDArray[np.float64],
    ) -> None:
        super().__init__(means)
        given = np.asarray(sd, dtype=np.float64)
        if given.ndim and given.shape != self.means.shape:
            raise ShapeMismatch(
                f"sd must be one number or (n,), got {given.shape} for {len(self.means)} arms"
            )
        if not np.all(np.isfinite(given) & (given >= 0)):
            raise InvalidInput("sd must be finite and at least 0")
        self.sd = np.broadcast_to(given, self.means.shape)

    def rewards(self, arms: NDArray[np.intp], uniforms: NDArray[np.float64]) -> NDArray[np.float64]:
        """Rewards of playing `arms` (any shape, numbers of arms) at `uniforms` (same)."""
        if arms.shape != uniforms.shape:
            raise ShapeMismatch(
                f"arms and uniforms must have one shape, got {arms.shape} and {uniforms.shape}"
            )
        z: NDArray[np.float64] = ndtri(np.clip(uniforms, LEAST, MOST))
        rewards: NDArray[np.float64] = self.means[arms] + self.sd[arms] * z
        return rewards
