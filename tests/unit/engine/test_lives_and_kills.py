"""A trainer is killed with every kind of command in flight: what it leaves is what a clean run leaves."""

from __future__ import annotations

import contextlib
from contextlib import closing

import msgspec
import pytest
from lives import OTHER_BELIEF, World

from tamesu.base import (
    Draft,
    Kind,
)
from tamesu.testing import Crash, CrashAfter
from tamesu.wiring import Settings, open_archive, open_store


def learning(world):
    """Two versions, and more to learn."""
    world.show("a", "b", clicked="a")
    world.wait()
    world.learn()
    world.show("c", clicked="c")
    world.wait()
    world.learn()


def frozen(world):
    learning(world)
    world.do("freeze")
    world.show("b", clicked="b")
    world.wait()
    world.learn()


def rolled_back(world):
    learning(world)
    world.do("rollback", {"version": 1})
    world.show("b", clicked="b")
    world.wait()
    world.learn()


def deleted(world):
    frozen(world)
    world.do("delete")


def made_again(world):
    deleted(world)
    world.store.declare(world.home, world.clock.now(), 2)
    world.show("a", number=2)


WHILE = {
    "freeze": (learning, [("freeze", None)]),
    "freeze and resume": (learning, [("freeze", None), ("resume", None)]),
    "resume": (frozen, [("resume", None)]),
    "resume after a rollback": (rolled_back, [("resume", None)]),
    "rollback": (learning, [("rollback", {"version": 1})]),
    "rollback of what is frozen": (frozen, [("rollback", {"version": 0})]),
    "declare": (learning, [("declare", {"description": "new", "arms": ["a", "d"]})]),
    "declare anew": (learning, [("declare", OTHER_BELIEF)]),
    "declare warm": (learning, [("declare", {**OTHER_BELIEF, "warm": True}), ("freeze", None)]),
    "delete": (frozen, [("delete", None)]),
    "made again": (made_again, [("arms", {"add": ["d"]})]),
    "nothing": (rolled_back, []),
}


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("case", WHILE)
def test_a_trainer_killed_at_any_port_call_leaves_what_a_clean_run_leaves(case, when):
    """Commands in flight, observations and corrections due, and records to be set aside."""
    clean = in_flight(case)
    clean.learn()
    expected = clean.everything()
    assert not expected["waiting"]
    n = 0
    while True:
        n += 1
        world = in_flight(case)
        faults = CrashAfter(n, when)
        with contextlib.suppress(Crash):
            world.trainer(faults).catch_up()
        world.learn()
        assert world.everything() == expected, f"killed {when} {faults.calls[-1]}, call {n}"
        if not faults.crashed:
            break
    assert n > 10, "there were calls to crash at"


@pytest.mark.parametrize("case", WHILE)
def test_files_and_tables_keep_what_memory_keeps(case, tmp_path):
    """The same life over SQLite and Parquet, its trainer killed now and then."""
    clean = in_flight(case)
    clean.learn()
    settings = Settings(data=str(tmp_path))
    with closing(open_store(settings)) as store:
        world = in_flight(case, World(store=store, archive=open_archive(settings)))
        for n in (6, 12, 14):
            with contextlib.suppress(Crash):
                world.trainer(CrashAfter(n, "after")).catch_up()
        world.learn()
        assert world.everything() == clean.everything()


def in_flight(case, world=None):
    before, commands = WHILE[case]
    world = world or World()
    before(world)
    world.show("a", "b", clicked="b")
    world.wait(3)
    world.click(world.shown[-2])
    world.log.append([Draft(world.shown[0], Kind.EVENT.value, b"poison")])
    world.wait()
    world.correct(world.shown[0], "a", 0)
    for kind, body in commands:
        said = world.declare(**body) if kind == "declare" else body
        world.ask(kind, msgspec.json.decode(msgspec.json.encode(said)))
    return world
