"""The levels of an hour's movement: told once an hour was seen whole, by steps and not by snapshots."""

from dataclasses import replace

import numpy as np
import pytest

from tamesu.adapters.meter.memory import MemoryMeter
from tamesu.base import GRID, Declaration, Snapshot, Time
from tamesu.base.times import HOUR_US, SECOND_US
from tamesu.policy import Batch, compose
from tamesu.ports import Declared
from tamesu.serve.core.hot import heat
from tamesu.serve.core.movement import STEP_US, Movement

NOW = Time(1_000 * HOUR_US)
DECLARATION = Declaration.parse({"name": "home", "arms": ["a", "b"], "seed": 7})


def hot(version, best):
    policy = compose(DECLARATION)
    begun = policy.init()
    batch = Batch(
        arm=np.array([best], dtype=object),
        reward=np.array([GRID]),
        position=np.zeros(1, np.int64),
        propensity=np.ones(1),
        decided=np.zeros(1, np.int64),
    )
    snapshot = Snapshot(
        bandit="home",
        declaration=1,
        version=version,
        state=policy.encode(policy.absorb(begun, policy.evidence(begun, batch))),
        created=NOW,
        watermark=NOW,
        observations=version,
    )
    return heat(Declared(1, DECLARATION, Time(0)), snapshot)


class Told:
    """A movement that is looked at each second of some steps."""

    def __init__(self):
        self.meter = MemoryMeter()
        self.movement = Movement(self.meter)
        self.now = NOW

    def pass_steps(self, count, served):
        for _ in range(count):
            for _ in range(3):
                self.movement.tell(served, Time(self.now))
                self.now += STEP_US // 3

    def levels(self):
        _, text = self.meter.expose()
        found = {}
        for line in text.decode().splitlines():
            if line.startswith("tamesu_ranking"):
                name, value = line.split(" ")
                found[name.split("{")[0].removeprefix("tamesu_ranking_")] = float(value)
        return found


def test_it_is_told_after_an_hour_and_sees_what_turned_over():
    told = Told()
    told.pass_steps(18, {"home": hot(1, "a")})
    assert told.levels() == {}
    told.pass_steps(5, {"home": hot(2, "a")})
    assert told.levels() == {"change_rate": 0, "turnover": 0}
    told.pass_steps(5, {"home": hot(3, "b")})
    assert told.levels() == {"change_rate": pytest.approx(1 / 20), "turnover": 1}
    told.pass_steps(25, {"home": hot(4, "b")})
    assert told.levels() == {"change_rate": 0, "turnover": 0}


def test_a_machine_that_slept_begins_anew():
    told = Told()
    told.pass_steps(15, {"home": hot(1, "a")})
    told.now += 3 * HOUR_US
    told.pass_steps(15, {"home": hot(2, "b")})
    assert told.levels() == {}


def test_a_bandit_that_does_not_read_says_nothing_and_one_that_went_is_forgotten():
    told = Told()
    told.pass_steps(25, {"home": replace(hot(1, "a"), broken=True)})
    assert told.levels() == {}
    told.pass_steps(1, {})
    told.movement.tell({}, Time(told.now + SECOND_US))
    assert told.levels() == {}
