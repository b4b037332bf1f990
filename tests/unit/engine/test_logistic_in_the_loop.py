"""A logistic bandit through the whole loop: what depends on batches is made again in the same ones."""

from __future__ import annotations

import random

import msgspec
import numpy as np
import pytest
from random_lives import World

from tamesu.base import Declaration, Time
from tamesu.base.times import HOUR_US, SECOND_US
from tamesu.engine import reconcile, view
from tamesu.engine.history import History
from tamesu.policy import alike, apart, compose

DECLARED = Declaration.parse(
    {
        "name": "unit",
        "arms": ["a", "b", "c"],
        "context": {
            "device": {"type": "categorical", "values": ["ios", "web"]},
            "age": {"type": "numeric", "range": [0, 100], "missing": 50},
        },
        "policy": {"belief": "logistic"},
        "reward": {
            "window": "5s",
            "settle": "1s",
            "lateness": "1s",
            "anchor": "decision",
            "events": {"click": 1},
        },
        "seed": 7,
    }
)


@pytest.fixture
def world():
    made = World()
    made.store.declare(DECLARED, made.clock.now())
    made.engine.catch_up()
    return made


def live(world, rng, steps):
    """Decisions in contexts, clicks in time, late and too late, and commits whenever."""
    for _ in range(steps):
        what = rng.random()
        if what < 0.5:
            context = {"device": rng.choice(("ios", "web")), "age": rng.randrange(100)}
            world.decide("unit", rng.choice("abc"), context=context)
        elif what < 0.8 and world.decisions:
            identity, at = rng.choice(world.decisions[-6:])
            late = rng.random() < 0.7
            time = Time(at + rng.randrange(0, 5) * SECOND_US) if late else None
            world.track(identity, "click", time=time)
        else:
            world.move(rng.choice((1, SECOND_US, 4 * SECOND_US, 40 * SECOND_US)))
            rng.choice((world.engine.step, world.engine.catch_up, world.engine.tend))()


@pytest.mark.parametrize("seed", range(3))
def test_a_replay_in_other_batches_comes_near_and_counts_the_same(world, seed):
    live(world, random.Random(seed), 250)
    world.upkeep()
    replay, differences = world.replay()
    assert differences == []
    served = world.store.snapshot("unit")
    standing = replay.standings["unit"]
    assert standing.learnt.snapshot.observations == served.observations > 30
    assert 0.0 < apart(standing.learnt.state, standing.policy.decode(served.state)) < 0.5


@pytest.mark.parametrize(("name", "by"), [("moment", 30.0), ("observations", 1)])
def test_a_state_that_is_far_off_is_told_by_arm(world, name, by):
    live(world, random.Random(3), 120)
    world.upkeep()
    snapshot = world.store.snapshot("unit")
    policy = compose(DECLARED)
    (table,) = policy.decode(snapshot.state).parts
    moved = {column: numbers.copy() for column, numbers in table.per_arm.items()}
    moved[name].reshape(3, -1)[1, 0] += by
    state = type(policy.init())((type(table).of(table.arms, moved, table.shared),))
    forged = msgspec.structs.replace(snapshot, state=policy.encode(state))
    replay, _ = world.replay()
    then = view(world.store)
    then.newest["unit"] = forged
    assert [one.what for one in reconcile(replay, then, world.store)] == ["arm b"]


def test_a_snapshot_that_is_not_kept_is_made_again_to_rounding(world):
    """Out of the very batches that it was learnt in, corrections that came too late among them."""
    rng = random.Random(1)
    states = {}
    for _ in range(40):
        for _ in range(6):
            context = {"device": rng.choice(("ios", "web")), "age": rng.randrange(100)}
            identity = world.decide("unit", rng.choice("abc"), context=context)
            if rng.random() < 0.5:
                world.track(identity, "click")
        identity, at = rng.choice(world.decisions)
        world.track(identity, "click", time=Time(at + 2 * SECOND_US))
        world.move(9 * SECOND_US)
        rng.choice((world.engine.catch_up, world.engine.tend))()
        snapshot = world.store.snapshot("unit")
        if snapshot is not None:
            states[snapshot.version] = snapshot.state
    policy = compose(DECLARED)
    world.move(30 * HOUR_US)
    world.upkeep()
    kept = {one.version for one in world.store.snapshots("unit")}
    gone = [version for version in states if version not in kept]
    assert len(gone) > 10
    past = History(world.store, world.archive)
    for version in gone:
        again = past.snapshot_at("unit", version)
        assert again is not None
        assert alike(policy.decode(again.state), policy.decode(states[version]))
    assert np.isfinite(policy.means(policy.decode(states[gone[0]]), ["a"], Time(0))).all()
