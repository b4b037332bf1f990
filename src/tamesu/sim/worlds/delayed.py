"""A world whose rewards come later: people click after a minute and buy after a day.

A reward that has not come yet looks like one that never will. So what a learner makes of such a world
depends on when it looks; here stands what it must see. Refuses to draw: uniforms are arguments.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tamesu.base import InvalidInput, ShapeMismatch
from tamesu.sim.worlds.bernoulli import BernoulliWorld

NEVER_US = 1 << 62
"""The delay of a reward that does not come."""


class DelayedWorld(BernoulliWorld):
    """n arms; with probability `rates[a]` a reward of 1 comes, after a delay of its own.

    Delays are exponential: P(delay <= t) = 1 - exp(-t / mean), so half of them have come after
    .69 means. To whom nothing matters but the reward itself, it is the Bernoulli world of its rates.

    Example:
        >>> minute = 60_000_000
        >>> world = DelayedWorld([0.1, 0.2], [minute, 10 * minute])
        >>> world.come(minute).round(3)
        array([0.632, 0.095])

    Args:
        rates: (n,) in [0, 1].
        mean_us: (n,) microseconds above 0, or one for all.

    Attributes:
        mean_us: (n,) mean delay of each arm's rewards.
    """

    def __init__(
        self,
        rates: Sequence[float] | NDArray[np.float64],
        mean_us: float | Sequence[float] | NDArray[np.float64],
    ) -> None:
        super().__init__(rates)
        given = np.asarray(mean_us, dtype=np.float64)
        if given.ndim and given.shape != self.rates.shape:
            raise ShapeMismatch(
                f"mean_us must be one number or (n,), got {given.shape} for {len(self.rates)} arms"
            )
        if not np.all(np.isfinite(given) & (given > 0)):
            raise InvalidInput("mean_us must be finite and above 0 microseconds")
        self.mean_us = np.broadcast_to(given, self.rates.shape)

    def delays_us(self, arms: NDArray[np.intp], uniforms: NDArray[np.float64]) -> NDArray[np.int64]:
        """(m,) microseconds from delivery to reward, `NEVER_US` where none comes.

        Args:
            arms: (m,) rows.
            uniforms: (m, 2) in [0, 1): whether, and when.
        """
        if uniforms.shape != (*arms.shape, 2):
            raise ShapeMismatch(f"uniforms must be {(*arms.shape, 2)}, got {uniforms.shape}")
        delays = np.rint(-self.mean_us[arms] * np.log1p(-uniforms[..., 1])).astype(np.int64)
        return np.where(uniforms[..., 0] < self.rates[arms], delays, NEVER_US)

    def come(self, age_us: float) -> NDArray[np.float64]:
        """(n,) P(delay <= age): the share of an arm's rewards that has come at this age."""
        share: NDArray[np.float64] = -np.expm1(-age_us / self.mean_us)
        return share

    def within(self, window_us: float) -> BernoulliWorld:
        """What an oracle sees who is told at once whether the reward will come within the window."""
        return BernoulliWorld(self.rates * self.come(window_us))

    def so_far(self, pace_us: float, window_us: float) -> SoFarWorld:
        """What a learner sees who takes what has come when it looks for the outcome.

        Args:
            pace_us: between two decisions.
            window_us: what counts in the end.
        """
        return SoFarWorld(self, pace_us, window_us)


class SoFarWorld(BernoulliWorld):
    """A delayed world as a learner sees it that counts what has not come yet as nothing.

    `rewards` are those that have come when a batch of m decisions ends: row i, counted from 0, then
    has the age (m - i) * pace. So their mean falls short of `expected`, which is the truth, by the
    factor P(delay <= age). That is not what a world promises; it is what this one is there to show.
    """

    def __init__(self, world: DelayedWorld, pace_us: float, window_us: float) -> None:
        super().__init__(world.rates * world.come(window_us))
        self._world, self._pace_us, self._window_us = world, pace_us, window_us

    def rewards(self, arms: NDArray[np.intp], uniforms: NDArray[np.float64]) -> NDArray[np.float64]:
        """(m, k) rewards, 0 or 1, that have come when the batch of these m decisions ends."""
        ages = self._pace_us * np.arange(len(arms), 0, -1, dtype=np.float64)
        ages = np.minimum(ages, self._window_us)[:, None]
        come = -np.expm1(-ages / self._world.mean_us[arms])
        return (uniforms < self._world.rates[arms] * come).astype(np.float64)
