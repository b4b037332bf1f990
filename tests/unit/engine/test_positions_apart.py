"""A bandit with a belief for each position, through the whole loop: log, join, train, replay."""

from __future__ import annotations

import random

import pytest
from random_lives import World, declared

from tamesu.base import Time
from tamesu.base.times import SECOND_US

REWARD = {"window": "5s", "settle": "1s", "lateness": "1s", "anchor": "impression"}


def shelf(size, kind="per_position"):
    return declared("shelf", {"kind": kind, "size": size}, REWARD, arms=("a", "b", "c", "d"))


@pytest.fixture
def world():
    made = World()
    made.store.declare(shelf(3), made.clock.now())
    made.engine.catch_up()
    return made


def learnt(world):
    """(arm, position): (observations, mean) of those that learnt anything."""
    standing = world.replay("shelf")[0].standings["shelf"]
    rows = standing.policy.summary(standing.learnt.state, ["a", "b", "c", "d"], Time(0))
    return {
        (row.arm, row.position): (row.observations, round(row.mean * (row.observations + 2)) - 1)
        for row in rows
        if row.observations
    }


def play(world, rng, decisions):
    """Slates whose every position is shown, some clicked in time, some late; what is to be learnt."""
    expected = {}
    for _ in range(decisions):
        arms = rng.sample("abcd", 3)
        identity, at = world.decide("shelf", *arms), world.clock.now()
        late = []
        for position, arm in enumerate(arms):
            world.track(identity, "impression", position)
            seen, clicks = expected.get((arm, position), (0, 0))
            clicked = rng.random() < 0.4
            expected[arm, position] = seen + 1, clicks + clicked
            if clicked and rng.random() < 0.5:
                world.track(identity, "click", position)
            elif clicked:
                late.append(position)
        world.move(20 * SECOND_US)
        for position in late:
            world.track(identity, "click", position, time=Time(at + SECOND_US))
    return expected


def test_positions_are_learnt_apart_late_clicks_too_and_replayed_to_the_bit(world):
    expected = play(world, random.Random(5), 12)
    world.upkeep()
    assert world.store.progress().counts["shelf"]["events_corrected"] > 0
    assert learnt(world) == expected
    assert world.replay()[1] == []


@pytest.mark.parametrize("warm", [True, False])
@pytest.mark.parametrize(("kind", "size"), [("per_position", 2), ("per_position", 4), ("slate", 3)])
def test_another_size_or_layout_begins_anew_or_warm(world, kind, size, warm):
    """What stood at positions that are no more is left out, and told."""
    expected = play(world, random.Random(6), 8)
    world.upkeep()
    body = {"declaration": shelf(size, kind).plain(), "number": 1, "warm": warm}
    number = world.ask("shelf", "declare", body)
    world.upkeep()
    told = world.effect(number).told
    assert told["state"] == ("warm" if warm else "new")
    kept = {key: value for key, value in expected.items() if kind == "slate" or key[1] < size}
    if warm:
        assert told["observations"] == sum(n for n, _ in kept.values())
        assert (told["left_out"] > 0) is (len(kept) < len(expected))
    if kind == "per_position":
        assert learnt(world) == (kept if warm else {})
    assert world.replay()[1] == []


def test_the_same_size_keeps_what_was_learnt(world):
    expected = play(world, random.Random(7), 5)
    world.upkeep()
    changed = {**shelf(3).plain(), "policy": {"explorer": "uniform"}}
    number = world.ask("shelf", "declare", {"declaration": changed, "number": 1, "warm": False})
    world.upkeep()
    assert world.effect(number).told["state"] == "kept"
    assert learnt(world) == expected
