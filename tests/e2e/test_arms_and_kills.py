"""Arms change while processes are killed: each change is applied once, and no decision saw half of one."""

from __future__ import annotations

import random
from contextlib import closing

import pytest
from callers import calling
from machine import Machine
from promises import check, everything_final

from tamesu.base import Kind, decode_decision
from tamesu.client import Client
from tamesu.wiring import Settings, open_log, open_store

BANDIT = {
    "name": "front",
    "layout": {"kind": "slate", "size": 2},
    "arms": ["a", "b", "c", "d"],
    "reward": {"window": "1s", "lateness": "500ms"},
    "batch": {"every": "100ms"},
    "seed": 11,
}
KILLS = 4


@pytest.mark.timeout(300)
def test_changes_of_arms_outlive_kills(tmp_path, free_port, until):
    draw = random.Random(2026)
    machine = Machine(tmp_path / "data", free_port(), until, workers=2)
    active = {"a", "b", "c", "d"}
    asked = []
    with machine, Client(machine.url, timeout=90) as client:
        client.create(BANDIT)
        with calling(machine.url, "front", 2) as callers:
            for kill in range(KILLS):
                role = ("trainer", f"server-{kill % 2}")[kill % 2]
                callers.go_on(5, until)
                pid = machine.kill_role(role)
                for number in range(2):
                    new, old = f"new-{kill}-{number}", draw.choice(sorted(active))
                    said = client.change_arms("front", add=[new], retire=[old])
                    active = active - {old} | {new}
                    assert said["status"] == "applied"
                    asked.append(said["command"])
                    listed = client.arms("front")["arms"]
                    assert {arm["arm"] for arm in listed if arm["status"] == "active"} == active
                until(lambda role=role, pid=pid: machine.is_back(role, pid))
            callers.go_on(10, until)
        everything_final(client, "front", callers.told, until)
        assert machine.end() == 0
    check(machine.data, "front", callers.told)
    each_decision_saw_one_roster(machine.data, asked, active)


def each_decision_saw_one_roster(data, asked, active):
    """Its arms were active in the roster that its snapshot names; rosters and effects have no gaps."""
    settings = Settings(data=str(data))
    with closing(open_log(settings)) as log, closing(open_store(settings)) as store:
        newest = store.snapshot("front")
        assert set(store.roster("front", newest.roster).ids) == active
        # Those of retries, too: a server may have been killed before it could answer.
        effects = [store.command(number).effect for number in range(1, max(asked) + 1)]
        assert all(effect.refusal is None for effect in effects)
        changes = {effect.roster for effect in effects if any(effect.told.values())}
        assert changes == set(range(1, newest.roster + 1))
        for effect in effects:
            assert store.snapshot("front", effect.snapshot).roster == effect.roster
        snapshots = [store.snapshot("front", n) for n in range(1, newest.version + 1)]
        assert [each.roster for each in snapshots] == sorted(each.roster for each in snapshots)
        rosters = {0: set(BANDIT["arms"])}
        rosters |= {n: set(store.roster("front", n).ids) for n in range(1, newest.roster + 1)}
        seen = set()
        for entry in log.read(0, log.start(0), 1 << 30):
            if entry.kind == Kind.DECISION:
                decision = decode_decision(entry.body)
                roster = snapshots[decision.snapshot - 1].roster if decision.snapshot else 0
                seen.add(roster)
                assert {each.arm for each in decision.deliveries} <= rosters[roster]
        assert len(seen) > KILLS // 2, "decisions were made over several rosters"
