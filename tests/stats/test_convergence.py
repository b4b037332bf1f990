"""The rate of change through the real loop: noise where the world stands, more where it turns.

Decisions, events, join, snapshots and archive are those of the inline engine by a simulated clock. Six
arms, of which three stand clearly above; all runs are seeded. On the stationary world the third and the
fourth lie .14 apart, and after four hours each was observed 480 times or more, for half of all decisions are
spread evenly: that their means change places later is six standard errors (.023) away, for all looks
together below 1e-6.
"""

import asyncio

import numpy as np
import pytest

from tamesu.adapters.clock.manual import ManualClock
from tamesu.base import Declaration
from tamesu.base.times import HOUR_US, SECOND_US, Duration
from tamesu.serve.core.catalogue import Catalogue
from tamesu.serve.core.convergence import Convergence
from tamesu.sim import DelayedWorld
from tamesu.testing.rehearsal import Rehearsal

RATES = np.array([0.02, 0.05, 0.08, 0.22, 0.27, 0.32])
ARMS = [f"arm-{row}" for row in range(len(RATES))]
HOUR = 1_440
"""Decisions of an hour, one each 2.5 s; half of them are spread evenly."""


class Turning:
    """A delayed world that becomes another one when it is told to."""

    def __init__(self, *rates):
        self._worlds = [DelayedWorld(one, SECOND_US) for one in rates]

    def turn(self):
        self._worlds.pop(0)

    def __getattr__(self, name):
        return getattr(self._worlds[0], name)


class Told:
    """What is said after so many hours."""

    def __init__(self, rehearsal, **asked):
        newest = rehearsal.store.snapshot("moving")
        catalogue = Catalogue(rehearsal.store)
        catalogue.start()
        clock = ManualClock(newest.created)
        core = Convergence(
            store=rehearsal.store, catalogue=catalogue, clock=clock, archive=rehearsal.archive
        )
        self.said = asyncio.run(core.convergence("moving", **asked))
        catalogue.close()
        self.known = [window["rate"] for window in self.said["snapshots"]["windows"]]
        self.turned = [window["turnover"] for window in self.said["snapshots"]["windows"]]
        self.served = [window["rate"] for window in self.said["served"]["windows"]]


def rehearse(seed, hours, *rates, turn=None):
    declaration = Declaration.parse(
        {
            "name": "moving",
            "arms": ARMS,
            "seed": seed,
            "policy": {"explorer": {"kind": "thompson", "explore": 0.5}},
            "reward": {"window": "10s", "settle": "10s"},
        }
    )
    world = Turning(*rates)
    rehearsal = Rehearsal(declaration, world)
    rng = np.random.default_rng([seed, 2])
    for hour in range(hours):
        if hour == turn:
            world.turn()
        for _ in rehearsal.play(
            HOUR,
            every=24,
            pace_us=HOUR_US // HOUR,
            uniforms=lambda m: rng.random((m, 2)),
        ):
            pass
    return rehearsal


HOURLY = {"window": Duration(HOUR_US), "size": 3}


@pytest.mark.parametrize("seed", [1, 2])
def test_on_a_stationary_world_it_falls_to_the_noise(seed):
    told = Told(rehearse(seed, 8, RATES), **HOURLY)
    assert (told.said["window"], told.said["size"], len(told.known)) == ("1h", 3, 8)
    assert max(told.known[4:]) < told.said["settled_below"] == 0.02
    assert max(told.turned[4:]) == 0
    assert told.said["snapshots"]["settled"] is True
    assert not any(window["thinned"] for window in told.said["snapshots"]["windows"])


@pytest.mark.parametrize("seed", [1, 2])
def test_it_rises_where_the_world_turns(seed):
    """After two hours the worst arms are the best; who learns from all looks back for two hours more."""
    told = Told(rehearse(seed, 9, RATES, RATES[::-1], turn=2), **HOURLY)
    assert told.known[1] < 0.02 < max(told.known[2:8])
    assert max(told.turned[2:8]) >= 1 / 3


def test_what_was_served_says_the_same_of_the_arm_that_is_served_most():
    told = Told(rehearse(3, 8, RATES, RATES[::-1], turn=3), window=Duration(HOUR_US))
    assert told.said["size"] == 1
    assert max(told.served[1:3]) < 0.02
    assert max(told.served[3:]) > 0.02
    hourly = [window["deliveries"] for window in told.said["served"]["windows"]]
    assert sum(hourly) == pytest.approx(8 * HOUR, abs=0.02 * HOUR)
