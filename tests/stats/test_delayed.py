"""Delayed clicks (mean a minute, window 15) and delayed purchases (half within a day, window a week).

Nine arms of .02 to .10 and one of .20. Who learns once from what has come so far stays low for ever; settling early with
corrections ends where the whole window ends, at a regret between it and an oracle that is told at once.
All runs are seeded. Tolerances are five standard errors or more: false-alarm rates below 1e-6.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from tamesu.adapters.archive.memory import MemoryArchive
from tamesu.adapters.clock.manual import ManualClock
from tamesu.adapters.store.memory import MemoryStore
from tamesu.base import Declaration
from tamesu.base.times import DAY_US, MINUTE_US
from tamesu.engine import InlineEngine
from tamesu.sim import DelayedWorld, play
from tamesu.testing.rehearsal import Rehearsal

RATES = np.array([*np.linspace(0.02, 0.10, 9), 0.20])


@dataclass(frozen=True)
class Setting:
    """One kind of delay, and how fast decisions come."""

    mean_us: float
    window: str
    window_us: int
    settle: str
    pace_us: int
    every: int
    rounds: int
    job_us: int  # how often the naive learner looks

    @property
    def world(self):
        return DelayedWorld(RATES, self.mean_us)

    def declaration(self, settle, seed):
        return Declaration.parse(
            {
                "name": "delayed",
                "arms": list(range(len(RATES))),
                "seed": seed,
                "reward": {"window": self.window, "settle": settle},
            }
        )

    def rehearsed(self, settle, seed):
        """The real loop, at its end, and what it lost on the way."""
        rng = np.random.default_rng([seed, 1])
        rehearsal = Rehearsal(self.declaration(settle, seed), self.world)
        steps = rehearsal.play(
            self.rounds,
            every=self.every,
            pace_us=self.pace_us,
            uniforms=lambda m: rng.random((m, 2)),
        )
        return rehearsal, sum(step.lost.sum() for step in steps)

    def told_at_once(self, seed):
        rng = np.random.default_rng([seed, 2])
        steps = play(
            self.declaration(self.settle, seed),
            self.world.within(self.window_us),
            rounds=self.rounds,
            every=self.every,
            uniforms=lambda m, k: rng.random((m, k)),
        )
        return sum(step.lost.sum() for step in steps)


CLICKS = Setting(MINUTE_US, "15m", 15 * MINUTE_US, "1m", 100_000, 50, 11_000, MINUTE_US)
PURCHASES = Setting(DAY_US / np.log(2), "7d", 7 * DAY_US, "1d", MINUTE_US, 120, 9 * 24 * 60, DAY_US)
both = pytest.mark.parametrize("setting", [CLICKS, PURCHASES], ids=["clicks", "purchases"])


@both
def test_what_has_come_so_far_is_too_little_by_the_share_that_has_come(setting):
    """Ages lie evenly between 0 and T, the time between two looks. The mean of P(delay <= age) then is
    1 - (mu / T) (1 - exp(-T / mu)): .368 for a minute of clicks, .279 for a day of purchases.
    """
    ratio = setting.job_us / setting.mean_us
    factor = 1 - (1 - np.exp(-ratio)) / ratio
    assert factor == pytest.approx({CLICKS: 1 / np.e, PURCHASES: 1 - 0.5 / np.log(2)}[setting])
    rng = np.random.default_rng(3)
    every = int(setting.job_us / setting.pace_us)
    world = setting.world.so_far(setting.pace_us, setting.window_us)
    steps = list(
        play(
            setting.declaration(setting.settle, 5),
            world,
            rounds=10 * every,
            every=every,
            uniforms=lambda m, k: rng.random((m, k)),
        )
    )
    learnt = sum(step.earned.sum() for step in steps)
    # What the delivered arms are truly worth, by the time that their delay takes, not by the window.
    worth = sum((world.best(1) - step.lost).sum() for step in steps)
    worth /= setting.world.come(setting.window_us)[0]
    # Steps of `pace` instead of a continuum: half a step at most, `1 / (2 every)` of the factor.
    assert learnt / worth == pytest.approx(factor, rel=5 / np.sqrt(learnt) + 1 / every)


@both
def test_ours_ends_unbiased_and_where_the_whole_window_ends_bit_for_bit(setting):
    rehearsal, _ = setting.rehearsed(setting.settle, 11)
    believed = rehearsal.summary()
    early = sum(row.observations * row.mean for row in believed)
    rehearsal.rest(setting.window_us + MINUTE_US, steps=10)
    believed = rehearsal.summary()
    played = np.array([row.observations for row in believed])
    ones = np.array([row.mean * (row.observations + 2) - 1 for row in believed])
    true = setting.world.within(setting.window_us).rates
    assert played.sum() == setting.rounds
    # The rewards less their rates are a martingale, whatever the policy plays.
    error = np.sqrt((played * true * (1 - true)).sum())
    assert abs(ones.sum() - (played * true).sum()) < 5 * error
    assert early < ones.sum() - 5
    # The same log, judged as if nothing had been learnt before the window was over.
    store, clock = MemoryStore(), ManualClock()
    store.declare(setting.declaration(setting.window, 11), clock.now())
    InlineEngine(rehearsal.log, store, MemoryArchive(), clock).catch_up()
    ours, waited = rehearsal.store.snapshot("delayed"), store.snapshot("delayed")
    assert ours is not None
    assert waited is not None
    assert ours.state == waited.state
    assert ours.observations == waited.observations == setting.rounds
    assert ours.version > waited.version


@both
def test_regret_of_ours_lies_between_waiting_and_being_told_at_once(setting):
    """The mean of three runs, one that waits, ten of the oracle, whose deviation stands for all: while
    nothing comes back, a run of ours or of waiting loses the mean gap, and there is little luck in it.
    """
    ours = np.mean([setting.rehearsed(setting.settle, seed)[1] for seed in range(3)])
    waited = setting.rehearsed(setting.window, 0)[1]
    told = np.array([setting.told_at_once(seed) for seed in range(10)])
    assert told.mean() + 5 * told.std() * np.sqrt(1 / 3 + 1 / 10) < ours
    assert ours + 5 * told.std() < waited
