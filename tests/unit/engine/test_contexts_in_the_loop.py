"""A bandit with contexts through the whole loop: corrected, commanded, warmed up, and replayed."""

from __future__ import annotations

import random

import msgspec
import numpy as np
import pytest
import structlog
from random_lives import World

from tamesu.base import Declaration, Status, Time
from tamesu.base.times import HOUR_US, SECOND_US
from tamesu.engine import reconcile, view
from tamesu.engine.history import History
from tamesu.join import table
from tamesu.policy import alike, apart, compose

TOLD = {"a": {"size": 0.2}, "b": {"size": 0.9}, "c": {"size": 0.5}}
PLAIN = {
    "name": "unit",
    "arms": [{"id": arm, "features": told} for arm, told in TOLD.items()],
    "context": {
        "device": {"type": "categorical", "values": ["ios", "web"]},
        "age": {"type": "numeric", "range": [0, 100], "missing": 50},
    },
    "arm_features": {"size": {"type": "numeric", "range": [0, 1]}},
    "policy": {"belief": "linear"},
    "reward": {
        "window": "5s",
        "settle": "1s",
        "lateness": "1s",
        "anchor": "decision",
        "events": {"click": {"weight": 0.7, "aggregate": "count"}},
        "range": [0, 2],
    },
    "seed": 7,
}
WIDER = {**PLAIN["context"], "member": {"type": "boolean"}}


def declaration(**changes):
    return Declaration.parse({**PLAIN, **changes})


@pytest.fixture
def world():
    made = World()
    made.store.declare(declaration(), made.clock.now())
    made.engine.catch_up()
    return made


def shown(world, arm, context):
    return world.decide("unit", arm, context=context, told=TOLD)


def somebody(rng):
    context = {"device": rng.choice(("ios", "web"))}
    return context if rng.random() < 0.5 else {**context, "age": rng.randrange(100)}


def live(world, rng, steps):
    """Decisions in contexts, clicks in time and late, hours in which nothing comes, and commands."""
    for _ in range(steps):
        what = rng.random()
        if what < 0.4:
            shown(world, rng.choice("abc"), somebody(rng))
        elif what < 0.75 and world.decisions:
            identity, at = rng.choice(world.decisions[-6:])
            time = Time(at + rng.randrange(0, 5) * SECOND_US) if rng.random() < 0.7 else None
            for _ in range(rng.randrange(1, 4)):
                world.track(identity, "click", time=time)
        elif what < 0.9:
            world.move(rng.choice((1, SECOND_US, 4 * SECOND_US, 40 * SECOND_US, 3 * HOUR_US)))
            rng.choice((world.engine.step, world.engine.catch_up, world.engine.tend))()
        elif what < 0.96:
            world.ask("unit", rng.choice(("freeze", "resume", "resume")))
            world.engine.catch_up()
        else:
            command(world, rng)
            world.engine.catch_up()


def command(world, rng):
    if rng.random() < 0.5:
        newest = world.store.versions().get("unit", 0)
        world.ask("unit", "rollback", {"version": rng.randrange(newest + 1)})
        return
    number = world.store.declarations()["unit"].number
    ridge = {"policy": {"belief": {"kind": "linear", "ridge": rng.choice((1.0, 2.0))}}}
    changes = rng.choice(({"description": str(number)}, ridge))
    body = {"declaration": declaration(**changes).plain(), "number": number}
    world.ask("unit", "declare", {**body, "warm": rng.random() < 0.7})


def resumed(world):
    """What the bandit knows once it learns again."""
    world.ask("unit", "resume")
    world.upkeep()
    return world.store.snapshot("unit")


@pytest.mark.parametrize("seed", range(4))
def test_a_replay_comes_to_the_same(world, seed):
    """In other batches, so to rounding: 1e-9, as reconcile holds it."""
    live(world, random.Random(seed), 150)
    world.upkeep()
    replay, differences = world.replay()
    assert differences == []
    served = resumed(world)
    assert served.observations > 0
    assert served.status is Status.LEARNING
    replay, differences = world.replay()
    assert differences == []
    standing = replay.standings["unit"]
    assert apart(standing.learnt.state, standing.policy.decode(served.state)) < 1e-12


def test_a_state_that_is_off_by_more_than_rounding_is_told_by_arm(world):
    for turn in range(30):
        shown(world, "abc"[turn % 3], {"device": "ios"})
    world.move(20 * SECOND_US)
    world.engine.catch_up()
    snapshot = world.store.snapshot("unit")
    policy = compose(declaration())
    (table,) = policy.decode(snapshot.state).parts
    for by, told in ((1e-12, False), (1e-6, True)):
        moved = {name: column.astype(column.dtype).copy() for name, column in table.per_arm.items()}
        moments = moved["moment"]
        moments[1].flat[0] += by
        state = type(policy.init())(
            (type(table).of(table.arms, moved, table.shared, table.highest),)
        )
        forged = msgspec.structs.replace(snapshot, state=policy.encode(state))
        replay, _ = world.replay()
        then = view(world.store)
        then.newest["unit"] = forged
        found = reconcile(replay, then, world.store)
        assert ("arm b" in [one.what for one in found]) == told
        assert bool(found) == told


def test_a_snapshot_that_is_not_kept_is_made_again_to_rounding(world):
    rng = random.Random(1)
    states = {}
    for _ in range(40):
        for _ in range(5):
            identity = shown(world, rng.choice("abc"), somebody(rng))
            if rng.random() < 0.5:
                world.track(identity, "click")
        world.move(9 * SECOND_US)
        world.engine.catch_up()
        snapshot = world.store.snapshot("unit")
        states[snapshot.version] = snapshot.state
    policy = compose(declaration())
    world.move(30 * HOUR_US)
    world.upkeep()
    kept = {one.version for one in world.store.snapshots("unit")}
    gone = [version for version in states if version not in kept]
    assert gone
    past = History(world.store, world.archive)
    for version in gone:
        again = past.snapshot_at("unit", version)
        assert alike(policy.decode(again.state), policy.decode(states[version]))


def test_what_keeps_the_columns_keeps_what_was_learnt(world):
    learn_some(world, 40)
    for number, (changes, state) in enumerate(
        [
            ({"description": "another"}, "kept"),
            ({"context": dict(reversed(PLAIN["context"].items())), "description": "x"}, "new"),
            ({"context": WIDER}, "new"),
            ({"context": WIDER, "interactions": [["device", "size"]]}, "new"),
            (
                {"context": WIDER, "interactions": [["device", "size"]], "sticky": {"ttl": "1s"}},
                "kept",
            ),
        ],
        1,
    ):
        body = {"declaration": declaration(**changes).plain(), "number": number, "warm": False}
        asked = world.ask("unit", "declare", body)
        world.engine.catch_up()
        assert world.effect(asked).told["state"] == state


def test_a_belief_without_features_keeps_what_it_learnt_whatever_the_schema():
    made = World()
    plain = {**PLAIN, "policy": {"belief": "gaussian"}}
    made.store.declare(Declaration.parse(plain), made.clock.now())
    learn_some(made, 20)
    body = {"declaration": {**plain, "context": WIDER}, "number": 1, "warm": False}
    asked = made.ask("unit", "declare", body)
    made.engine.catch_up()
    assert made.effect(asked).told["state"] == "kept"


def test_a_warm_start_learns_what_fits_the_new_schema_and_counts_what_does_not(world):
    """Of 40 rows half say who is a member; what the new schema does not ask for is left aside."""
    for turn in range(40):
        context = {"device": "ios", "age": 30}
        shown(world, "abc"[turn % 3], {**context, "member": True} if turn % 2 else context)
    world.move(20 * SECOND_US)
    world.engine.catch_up()
    new = declaration(context={"member": {"type": "boolean"}})
    asked = world.ask("unit", "declare", {"declaration": new.plain(), "number": 1, "warm": True})
    world.engine.catch_up()
    told = world.effect(asked).told
    assert (told["state"], told["observations"], told["left_out"]) == ("warm", 20, 20)
    assert world.replay()[1] == []


def test_what_was_learnt_without_contexts_warms_up_a_bandit_with_them():
    """Where nothing is recorded of an arm, its declaration says what it tells."""
    made = World()
    plain = {key: value for key, value in PLAIN.items() if key not in ("context", "arm_features")}
    plain |= {"arms": ["a", "b", "c"], "policy": {"belief": "gaussian"}}
    made.store.declare(Declaration.parse(plain), made.clock.now())
    for turn in range(30):
        made.decide("unit", "abc"[turn % 3], context={"device": "web", "plan": "pro"})
    made.move(20 * SECOND_US)
    made.engine.catch_up()
    body = {"declaration": declaration().plain(), "number": 1, "warm": True}
    asked = made.ask("unit", "declare", body)
    made.engine.catch_up()
    told = made.effect(asked).told
    assert (told["state"], told["observations"], told["left_out"]) == ("warm", 30, 0)


@pytest.mark.parametrize("rows", [1, 50_000])
def test_a_warm_start_takes_corrections_after_what_they_correct(world, monkeypatch, rows):
    """The archive is read from its newest file on, and that has the click of the only delivery of an arm."""
    monkeypatch.setattr("tamesu.engine.warming.SLICE_ROWS", rows)
    for arm in "ab":
        delivery = shown(world, arm, {"device": "ios", "age": 30})
        world.move(2 * SECOND_US)
        world.engine.catch_up()
        world.track(delivery, "click")
        world.move(SECOND_US)
        world.engine.catch_up()
    world.move(20 * SECOND_US)
    world.engine.catch_up()
    wider = declaration(policy={"belief": {"kind": "linear", "ridge": 2.0}})
    asked = world.ask("unit", "declare", {"declaration": wider.plain(), "number": 1, "warm": True})
    for _ in range(20):
        world.engine.catch_up()
    told = world.effect(asked).told
    assert (told["state"], told["observations"], told["left_out"]) == ("warm", 2, 0)
    (part,) = compose(wider).decode(world.store.snapshot("unit").state).parts
    assert part.per_arm["squares"] == pytest.approx([0.49, 0.49])
    assert world.replay()[1] == []


def test_a_record_whose_context_does_not_fit_teaches_nothing_and_stops_nobody(world):
    """No server records one; a log may hold it all the same. The trainer says how many there were."""
    for context in ({"device": "tv"}, None, {"device": "ios", "age": 1e6}, {"device": "ios"}):
        world.track(shown(world, "a", context), "click")
    world.decide("unit", "a", context={"device": "ios"}, told={"a": {"size": "x"}})
    world.move(20 * SECOND_US)
    with structlog.testing.capture_logs() as logged:
        world.engine.catch_up()
    assert sum(one["rows"] for one in logged if "do not fit" in one["event"]) == 4
    assert world.store.snapshot("unit").observations == 1
    found = table(world.store.progress().counts["unit"])
    ended = {"observed": 1, "unshown": 0, "unexamined": 0, "open": 0, "unfit": 4}
    assert found["deliveries"] == ended
    assert found["difference"] == 0
    assert world.replay()[1] == []


def test_what_does_not_fit_is_one_delivery_however_often_it_is_corrected(world):
    """Its click comes when it should have been learnt from already: the correction has nothing to take back."""
    delivery = shown(world, "a", {"device": "tv"})
    world.move(2 * SECOND_US)
    world.engine.catch_up()
    assert world.store.progress().counts["unit"]["deliveries_unfit"] == 1
    world.track(delivery, "click")
    world.move(20 * SECOND_US)
    world.engine.catch_up()
    assert world.store.progress().counts["unit"]["deliveries_unfit"] == 1
    assert world.replay()[1] == []


def test_an_arm_must_tell_what_the_declaration_asks_for(world):
    for add, says in [
        ("d", "must have 'size'"),
        ({"id": "d", "features": {"size": 2}}, "'size'"),
        ({"id": "d", "features": {"size": 0.5, "price": 1}}, "'price'"),
        ({"id": "a", "features": {"size": "x"}}, "'size'"),
    ]:
        asked = world.ask("unit", "arms", {"add": [add]})
        world.engine.catch_up()
        assert says in world.effect(asked).refusal.detail
    asked = world.ask("unit", "arms", {"add": [{"id": "d", "features": {"size": 0.3}}]})
    changed = world.ask("unit", "arms", {"add": [{"id": "a", "features": {"size": 0.8}}]})
    world.engine.catch_up()
    assert world.effect(asked).told["added"] == world.effect(changed).told["changed"] == 1
    told = world.store.roster("unit", world.store.snapshot("unit").roster).features
    assert told == {**TOLD, "a": {"size": 0.8}, "d": {"size": 0.3}}


def test_a_retired_arm_that_tells_too_little_by_now_must_tell_more_to_return(world):
    world.ask("unit", "arms", {"retire": ["c"]})
    world.engine.catch_up()
    wider = {**PLAIN["arm_features"], "price": {"type": "numeric", "range": [0, 9]}}
    arms = [{"id": arm, "features": {"size": 0.5, "price": 3}} for arm in "ab"]
    new = declaration(arms=arms, arm_features=wider)
    world.ask("unit", "declare", {"declaration": new.plain(), "number": 1, "warm": False})
    world.engine.catch_up()
    refused = world.ask("unit", "arms", {"add": ["c"]})
    world.engine.catch_up()
    assert "must have 'price'" in world.effect(refused).refusal.detail
    assert world.replay()[1] == []
    revived = world.ask("unit", "arms", {"add": [{"id": "c", "features": {"size": 1, "price": 2}}]})
    world.engine.catch_up()
    assert world.effect(revived).told["revived"] == 1


def learn_some(world, times):
    rng = np.random.default_rng(1)
    for turn in range(times):
        identity = shown(world, "abc"[turn % 3], {"device": ("ios", "web")[int(rng.integers(2))]})
        if rng.random() < 0.5:
            world.track(identity, "click")
    world.move(20 * SECOND_US)
    world.engine.catch_up()
