"""The two delays of the pictures, and the ways to learn in front of them.

Clicks come after a minute in the mean and count for fifteen; of the purchases half come within a day,
and they count for a week.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tamesu.base import Declaration
from tamesu.base.times import DAY_US, MINUTE_US
from tamesu.sim import DelayedWorld, Step, play
from tamesu.testing.rehearsal import Rehearsal

RATES = np.array([*np.linspace(0.02, 0.10, 9), 0.20])
"""Nine arms and a better one."""


@dataclass(frozen=True)
class Setting:
    """One kind of delay, and how fast decisions come.

    Attributes:
        pace_us: between two decisions.
        every: decisions between two snapshots.
        rounds: decisions of one run.
        job_us: how often somebody looks who learns from what has come so far.
    """

    name: str
    mean_us: float
    window: str
    window_us: int
    pace_us: int
    every: int
    rounds: int
    job_us: int

    @property
    def world(self) -> DelayedWorld:
        """Rates and delays."""
        return DelayedWorld(RATES, self.mean_us)

    def declaration(self, seed: int, settle: str) -> Declaration:
        """The bandit of one run."""
        return Declaration.parse(
            {
                "name": self.name,
                "arms": list(range(len(RATES))),
                "seed": seed,
                "reward": {"window": self.window, "settle": settle},
            }
        )

    def ours(self, seed: int, settle: str) -> NDArray[np.float64]:
        """(rounds,) what each decision lost, through the whole loop."""
        luck = np.random.default_rng([seed, 1])
        rehearsal = Rehearsal(self.declaration(seed, settle), self.world)
        return lost(
            rehearsal.play(
                self.rounds, every=self.every, pace_us=self.pace_us, uniforms=pairs(luck)
            )
        )

    def told_at_once(self, seed: int) -> NDArray[np.float64]:
        """(rounds,) the same of an oracle."""
        luck = np.random.default_rng([seed, 2])
        return lost(
            play(
                self.declaration(seed, self.window),
                self.world.within(self.window_us),
                rounds=self.rounds,
                every=self.every,
                uniforms=lambda m, k: luck.random((m, k)),
            )
        )

    def so_far(self, seed: int) -> NDArray[np.float64]:
        """(rounds,) the same of who looks now and then, and learns what has come."""
        luck = np.random.default_rng([seed, 3])
        return lost(
            play(
                self.declaration(seed, self.window),
                self.world.so_far(self.pace_us, self.window_us),
                rounds=self.rounds,
                every=int(self.job_us / self.pace_us),
                uniforms=lambda m, k: luck.random((m, k)),
            )
        )


def lost(steps: Iterator[Step]) -> NDArray[np.float64]:
    """What each decision of `steps` lost."""
    return np.concatenate([step.lost for step in steps])


def pairs(luck: np.random.Generator) -> Callable[[int], NDArray[np.float64]]:
    """Uniforms for a rehearsal."""
    return lambda m: luck.random((m, 2))


CLICKS = Setting("clicks", MINUTE_US, "15m", 15 * MINUTE_US, 100_000, 50, 11_000, MINUTE_US)
PURCHASES = Setting(
    "purchases", DAY_US / np.log(2), "7d", 7 * DAY_US, MINUTE_US, 120, 10 * 24 * 60, DAY_US
)
