"""What a trainer counts beside the join: rewards that are too large for the grid."""

from __future__ import annotations

import pytest
from random_lives import World

from tamesu.base import Declaration, Draft, Event, Kind, delivery_id, encode
from tamesu.base.times import SECOND_US

PAID = {
    "name": "unit",
    "arms": ["a", "b"],
    "policy": {"belief": "linear"},
    "reward": {
        "window": "5s",
        "settle": "1s",
        "lateness": "1s",
        "anchor": "decision",
        "events": {"pay": {"weight": 4096, "aggregate": "sum"}},
    },
    "seed": 7,
}


@pytest.fixture
def world():
    made = World()
    made.store.declare(Declaration.parse(PAID), made.clock.now())
    made.engine.catch_up()
    return made


def pays(world, identity, value):
    event = Event(
        event_id=world.ids.uuid7(world.clock.now()),
        delivery_id=delivery_id(identity, 0),
        type="pay",
        value=value,
    )
    world.log.append([Draft(identity, Kind.EVENT.value, encode(event))])


def counted(world):
    return world.store.progress().counts["unit"].get("deliveries_saturated", 0)


def test_rewards_that_stand_as_the_largest_are_counted_until_a_correction_says_otherwise(world):
    """4,096 times 2^31 is 2^43, and the grid ends at 2^42: one at once, one later, one that is paid back."""
    at_once, later, back, never = (world.decide("unit", arm) for arm in "abab")
    pays(world, at_once, 2.0**31)
    pays(world, back, -(2.0**31))
    pays(world, never, 2.0**29)
    world.move(2 * SECOND_US)
    world.engine.catch_up()
    assert counted(world) == 2
    pays(world, later, 2.0**31)
    pays(world, back, 2.0**31)
    world.move(20 * SECOND_US)
    world.engine.catch_up()
    assert counted(world) == 2
    assert world.store.snapshot("unit").observations == 4
    assert world.replay()[1] == []
