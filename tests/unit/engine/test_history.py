"""A snapshot that is not kept is made again, bit for bit, or said to be gone."""

from __future__ import annotations

import random

import pytest
from random_lives import World, play

from tamesu.engine import history as history_of_states
from tamesu.engine.history import History
from tamesu.ports import Holds
from tamesu.train import keeping


def thinned(world, rng):
    """What every bandit's snapshots were, after all were dropped that may ever go, by chance."""
    known = {}
    lease = world.store.takeover("test", world.clock.now(), 1)
    for bandit in world.store.versions():
        kept = world.store.snapshots(bandit)
        known |= {(bandit, one.version): world.store.snapshot(bandit, one.version) for one in kept}
        stay = keeping(kept, (), world.clock.now() + 10**15)
        gone = [one.version for one in kept if one.version not in stay and rng.random() < 0.8]
        world.store.thin(lease, bandit, gone)
    return known


@pytest.mark.parametrize("seed", range(12))
def test_what_was_thinned_is_made_again(seed):
    """Also where commands and late corrections lie between two that are kept."""
    world, rng = World(1 if seed % 2 else 3), random.Random(seed)
    play(world, rng, 150)
    world.upkeep()
    play(world, rng, 50)
    world.upkeep()
    known = thinned(world, rng)
    history = History(world.store, world.archive)
    assert any(world.store.snapshot(*each) is None for each in known), "none was dropped"
    for (bandit, version), was in known.items():
        made = history.snapshot_at(bandit, version)
        assert made is not None
        assert (made.version, made.state, made.observations) == (
            version,
            was.state,
            was.observations,
        )
        assert (made.roster, made.status, made.declaration, made.since) == (
            was.roster,
            was.status,
            was.declaration,
            was.since,
        )


@pytest.mark.parametrize("most", [1, 2, 256])
def test_many_are_made_as_each_alone(most, monkeypatch):
    """With gaps, with kept ones among them, with what never was; however many are held at once."""
    monkeypatch.setattr(history_of_states, "MOST_STATES", most)
    world, rng = World(), random.Random(3)
    play(world, rng, 150)
    world.upkeep()
    known = thinned(world, rng)
    history = History(world.store, world.archive)
    for bandit in world.store.versions():
        versions = [0, *(one for name, one in known if name == bandit), 10_000]
        for asked in (versions, versions[::3]):
            found = dict(history.each(bandit, asked))
            assert list(found) == asked
            assert found == {one: history.snapshot_at(bandit, one) for one in asked}
            assert sum(one is None for one in found.values()) == 2 - (10_000 not in asked)


def test_of_rows_that_are_gone_no_snapshot_is_made():
    """What the archive still has does not lead to the next kept snapshot, and that is noticed."""
    world = World()
    for _ in range(4):
        world.learnt("a")
    lease = world.store.takeover("test", world.clock.now(), 1)
    assert world.store.thin(lease, "home", [1, 2, 3]) == 3
    history = History(world.store, world.archive)
    assert history.snapshot_at("home", 2).observations == 2
    world.store.arrange(lease, [], world.store.files(Holds.OBSERVATIONS)[:1])
    assert history.snapshot_at("home", 2) is None


def test_a_version_that_never_was_is_none():
    world = World()
    history = History(world.store, world.archive)
    assert history.snapshot_at("home", 0) is None
    assert history.snapshot_at("home", 1) is None
    assert history.snapshot_at("nobody", 7) is None
