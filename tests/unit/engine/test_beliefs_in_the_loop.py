"""Every belief through the whole loop: corrected, commanded, forgotten, and replayed to the bit."""

from __future__ import annotations

import random

import pytest
from random_lives import World, declared

from tamesu.base import Status, Time
from tamesu.base.times import DAY_US, HOUR_US, MINUTE_US, SECOND_US

SINGLE = {"kind": "single"}
FORGETS = {"forgetting": {"half_life": "2m"}}
NUMBERS = {
    "window": "5s",
    "settle": "1s",
    "lateness": "1s",
    "anchor": "decision",
    "events": {"click": {"weight": 0.5, "aggregate": "count"}},
    "range": [0, 1],
}
CLICKS = {"window": "5s", "settle": "1s", "lateness": "1s", "anchor": "decision"}
PRIORS = {"kind": "gaussian", "priors": {"b": {"mean": 0.9, "kappa": 3}}}

KINDS = {
    "gaussian": (NUMBERS, {"belief": "gaussian"}),
    "losses": (NUMBERS, {"belief": "losses"}),
    "fading-losses": (NUMBERS, {"belief": {"kind": "losses", "gamma": 0.1}, **FORGETS}),
    "fading-beta": (CLICKS, {"belief": "beta", **FORGETS}),
    "fading-gaussian": (NUMBERS, {"belief": PRIORS, **FORGETS}),
    "placed-beta": (CLICKS, {"belief": "beta", "explorer": "ucb", **FORGETS}),
    "placed-losses": (NUMBERS, {"belief": "losses", "newcomer": {"until": 3}}),
    "placed-gaussian": (NUMBERS, {"belief": PRIORS, "newcomer": {"until": 3}, **FORGETS}),
}
PLACED = {"kind": "per_position", "size": 2}


def bandit_of(kind, **more):
    reward, policy = KINDS[kind]
    return declared(
        "unit", PLACED if places(kind) > 1 else SINGLE, {**reward, **more}, policy=policy
    )


def places(kind):
    """How many arms a decision of the kind delivers."""
    return 2 if kind.startswith("placed") else 1


@pytest.fixture(params=sorted(KINDS))
def kind(request):
    return request.param


@pytest.fixture
def world(kind):
    made = World()
    made.store.declare(bandit_of(kind), made.clock.now())
    made.engine.catch_up()
    return made


def rows_of(world):
    standing = world.replay("unit")[0].standings["unit"]
    snapshot = standing.learnt.snapshot
    return standing.policy.summary(standing.learnt.state, ["a", "b", "c"], snapshot.watermark)


def live(world, rng, steps, kind):
    """Decisions, clicks in time and late, hours in which nothing comes, and commands."""
    for _ in range(steps):
        what = rng.random()
        if what < 0.4:
            world.decide("unit", *rng.sample("abc", places(kind)))
        elif what < 0.75 and world.decisions:
            identity, at = rng.choice(world.decisions[-6:])
            time = Time(at + rng.randrange(0, 5) * SECOND_US) if rng.random() < 0.7 else None
            for _ in range(rng.randrange(1, 4)):
                world.track(identity, "click", rng.randrange(places(kind)), time=time)
        elif what < 0.9:
            world.move(rng.choice((1, SECOND_US, 4 * SECOND_US, 40 * SECOND_US, 3 * HOUR_US)))
            rng.choice((world.engine.step, world.engine.catch_up, world.engine.tend))()
        elif what < 0.97:
            world.ask("unit", rng.choice(("freeze", "resume", "resume")))
            world.engine.catch_up()
        else:
            command(world, rng, kind)
            world.engine.catch_up()


def command(world, rng, kind):
    if rng.random() < 0.5:
        newest = world.store.versions().get("unit", 0)
        world.ask("unit", "rollback", {"version": rng.randrange(newest + 1)})
        return
    number = world.store.declarations()["unit"].number
    more = rng.choice(({}, {"range": [0, 2]})) if "gaussian" in kind else {"settle": "2s"}
    body = {"declaration": bandit_of(kind, **more).plain(), "number": number}
    world.ask("unit", "declare", {**body, "warm": rng.random() < 0.5})


@pytest.mark.parametrize("seed", range(4))
def test_a_replay_comes_to_the_same_bits(world, kind, seed):
    live(world, random.Random(seed), 150, kind)
    world.upkeep()
    assert world.store.versions()["unit"] > 5
    assert world.replay()[1] == []
    assert max(row.observations for row in world.store.snapshots("unit")) > 0


def test_late_corrections_teach_what_the_last_word_alone_would(kind):
    """One world hears of its clicks when everything is over, another hears of them at once."""
    worlds = []
    for late in (False, True):
        world = World()
        world.store.declare(bandit_of(kind), world.clock.now())
        clicks = []
        for turn in range(12):
            identity, at = world.decide("unit", "abc"[turn % 3]), world.clock.now()
            if turn % 2:
                time = Time(at + SECOND_US // 2)
                clicks.append((identity, time))
                if not late:
                    world.track(identity, "click", time=time)
            world.move(90 * SECOND_US)
            world.engine.catch_up()
        for identity, time in clicks if late else []:
            world.track(identity, "click", time=time)
        world.upkeep()
        worlds.append(world)
    counts = worlds[1].store.progress().counts["unit"]
    assert counts["events_corrected"] == 6
    prompt, corrected = (world.store.snapshot("unit") for world in worlds)
    assert prompt.state == corrected.state
    assert prompt.observations == corrected.observations == 12
    assert worlds[1].replay()[1] == []


@pytest.mark.parametrize("kind", ["gaussian", "fading-gaussian"], indirect=True)
def test_another_range_means_another_state(world, kind):
    """What was clipped under the old one could not be taken back under the new one."""
    for _ in range(3):
        identity = world.decide("unit", "a")
        for _ in range(4):
            world.track(identity, "click")
    world.move(20 * SECOND_US)
    world.upkeep()
    assert (rows_of(world)[0].observations, rows_of(world)[0].clipped) == (3, 3)
    body = {"declaration": bandit_of(kind, range=[0, 5]).plain(), "number": 1, "warm": True}
    number = world.ask("unit", "declare", body)
    world.upkeep()
    assert world.effect(number).told["state"] == "warm"
    assert (rows_of(world)[0].observations, rows_of(world)[0].clipped) == (3, 0)
    assert world.replay()[1] == []


def test_another_half_life_means_another_state(world, kind):
    identity = world.decide("unit", "a")
    world.track(identity, "click")
    world.move(20 * SECOND_US)
    world.upkeep()
    reward, policy = KINDS[kind]
    policy = {**policy, "forgetting": {"half_life": "3m"}}
    changed = declared("unit", SINGLE, reward, policy=policy)
    body = {"declaration": changed.plain(), "number": 1, "warm": False}
    number = world.ask("unit", "declare", body)
    world.upkeep()
    assert world.effect(number).told["state"] == "new"
    assert world.replay()[1] == []


def test_frozen_it_learns_aside_and_resumes_with_all_of_it(world, kind):
    del kind
    world.ask("unit", "freeze")
    world.move(SECOND_US)
    for turn in range(4):
        identity = world.decide("unit", "b")
        if turn % 2:
            world.track(identity, "click")
        world.move(MINUTE_US)
        world.engine.catch_up()
    assert world.store.snapshot("unit").status is Status.FROZEN
    assert world.replay()[1] == []
    world.ask("unit", "resume")
    world.upkeep()
    assert rows_of(world)[1].observations == 4
    assert world.replay()[1] == []


def test_what_is_served_is_read_at_its_watermark():
    """So an old snapshot gives an old decision again, however much later it is asked."""
    world = World()
    world.store.declare(bandit_of("fading-beta"), world.clock.now())
    for _ in range(40):
        world.track(world.decide("unit", "a"), "click")
    world.move(20 * SECOND_US)
    world.engine.catch_up()
    fresh = rows_of(world)[0].mean
    world.move(DAY_US)
    world.decide("unit", "b")
    world.move(MINUTE_US)
    world.engine.catch_up()
    assert fresh > 0.9
    assert rows_of(world)[0].mean == pytest.approx(0.5)
