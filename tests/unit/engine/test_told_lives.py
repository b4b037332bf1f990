"""Random lives of two bandits: what is told to judge by is what the oracle says of the whole log, decision by decision."""

from __future__ import annotations

import random
from collections import defaultdict

import pytest
from random_lives import World, play

from tamesu.base import NoSupport, Time
from tamesu.base.times import MINUTE_US, SECOND_US
from tamesu.engine import ArchivedDecisions
from tamesu.evaluate import Cut, Latest
from tamesu.join import oracle
from tamesu.ports import Holds
from tamesu.testing.journal import entries_of


def declared(world, bandit):
    numbers = range(1, world.store.declarations()[bandit].number + 1)
    return {number: world.store.declared(bandit, number).declaration.reward for number in numbers}


def number_of(decision_id):
    return int(decision_id.split(".")[1])


def by_decision(rows):
    """By decision and position: how it ended, its reward, its arm."""
    found = defaultdict(dict)
    for row in rows:
        found[row.decision_id][row.position] = (int(row.outcome), row.reward, row.arm)
    return found


def expected(world, bandit, rewards, known):
    """What the oracle says of decisions of which nothing more can come in time."""

    def lookup(name, number):
        return rewards.get(number) if name == bandit else None

    final = {}
    for row in oracle(entries_of(world.log), lookup, known, late=True).observations:
        final[row.decision_id, row.position] = row  # corrections come after what they correct
    return by_decision(
        row
        for row in final.values()
        if rewards[number_of(row.decision_id)].last_moment(row.decided) <= known
    )


@pytest.mark.parametrize("seed", range(4))
def test_what_is_told_is_what_the_oracle_says(seed):
    """Of every declaration there was, with what came too late, whatever commands were given meanwhile."""
    world, rng = World(1 if seed % 2 else 3), random.Random(seed)
    play(world, rng, 200)
    world.upkeep()
    # So that of the newest decisions something may still come.
    for bandit in ("home", "shop"):
        world.decide(bandit, *("ab" if bandit == "home" else "a"))
    world.move(rng.randrange(1, 12) * SECOND_US)
    world.engine.catch_up()

    for bandit in ("home", "shop"):
        rewards = declared(world, bandit)
        known = ArchivedDecisions(world.store, world.archive, bandit).known
        latest = Latest(Cut(Time(0), known, rewards))
        files = [one for one in world.store.files(Holds.OBSERVATIONS) if one.bandit == bandit]
        for part in world.archive.read(files):
            latest.take(part)
        told = latest.told()
        found = by_decision(() if told is None else told.rows.rows())
        assert found == expected(world, bandit, rewards, known)
        numbers = [] if told is None else told.number[told.first].tolist()
        assert numbers == [number_of(decision_id) for decision_id in found]


def told_or_none(decisions):
    try:
        return decisions.logged()
    except NoSupport:
        return None


@pytest.mark.parametrize("seed", range(2))
def test_whatever_was_commanded_every_decision_is_told_or_counted(seed):
    world, rng = World(), random.Random(100 + seed)
    play(world, rng, 200)
    world.upkeep()
    world.move(MINUTE_US)
    world.engine.catch_up()
    told = 0
    for bandit in ("home", "shop"):
        decisions = ArchivedDecisions(world.store, world.archive, bandit)
        logged = told_or_none(decisions)
        if logged is not None:
            told += 1
            assert set(logged.number.tolist()) <= set(decisions.rewards)
            made = [id_ for id_, _ in world.decisions if id_.startswith(f"{bandit}.")]
            assert len(logged) + sum(logged.left_out.values()) == len(made)
    assert told, "nothing was looked at"
