"""A bandit is frozen, resumed, rolled back and declared anew under load, the trainer killed in each.

Each command is applied once, and a replay of the log comes to what is served, bit for bit.
"""

from __future__ import annotations

import json
import random
import subprocess
import threading
import time
from contextlib import closing

import pytest
from callers import calling
from machine import TAMESU, Machine
from promises import everything_final, in_the_log

from tamesu.base import Status
from tamesu.client import Client
from tamesu.join import table
from tamesu.ports import Holds
from tamesu.wiring import Settings, open_archive, open_log, open_store

BANDIT = {
    "name": "front",
    "layout": {"kind": "slate", "size": 2},
    "arms": ["a", "b", "c", "d"],
    "reward": {"window": "1s", "settle": "0s", "lateness": "500ms"},
    "batch": {"every": "100ms"},
    "seed": 11,
}
WIDER = {**BANDIT, "arms": ["d", "a", "e"], "reward": {**BANDIT["reward"], "window": "1500ms"}}
ANEW = {**WIDER, "policy": {"belief": {"kind": "beta", "prior": [1, 9]}}}


@pytest.mark.timeout(300)
def test_a_life_under_load_with_the_trainer_killed_in_each_command(tmp_path, free_port, until):
    draw = random.Random(2026)
    machine = Machine(tmp_path / "data", free_port(), until, workers=2)
    with machine, Client(machine.url, timeout=90) as client:
        client.create(BANDIT)
        with calling(machine.url, "front", 2) as callers:

            def amid_a_kill(command, *arguments, **more):
                """What `command` answers, asked just before the trainer is killed."""
                callers.go_on(5, until)
                told = {}
                thread = threading.Thread(
                    target=lambda: told.update(command("front", *arguments, **more))
                )
                thread.start()
                time.sleep(draw.random() * 0.2)
                pid = machine.kill_role("trainer")
                until(lambda: machine.is_back("trainer", pid))
                thread.join()
                until(lambda: client.command(told["command"])["status"] == "applied")
                return client.command(told["command"])

            frozen = amid_a_kill(client.freeze)
            until(lambda: client.bandit("front")["status"] == "frozen")
            callers.go_on(20, until)
            assert client.snapshots("front")["snapshots"][0]["version"] == frozen["snapshot"]
            amid_a_kill(client.resume)
            older = client.snapshots("front")["snapshots"][0]["version"]
            amid_a_kill(client.rollback, older)
            until(lambda: client.bandit("front")["status"] == "rolled_back")
            amid_a_kill(client.resume)
            amid_a_kill(lambda _, new: client.update(new, number=1), WIDER)
            until(lambda: client.bandit("front")["number"] == 2)
            amid_a_kill(lambda _, new: client.update(new, number=2), ANEW)
            callers.go_on(20, until)
        everything_final(client, "front", callers.told, until)
        reconciled(machine.data)
        assert machine.end() == 0
    kept(machine.data, callers.told)
    reconciled(machine.data)


def reconciled(data):
    """`tamesu reconcile` finds the served state in the log, beside a running installation too."""
    said = subprocess.run(
        [*TAMESU, "reconcile", "front", "--data", str(data), "--json"],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert said.returncode == 0, said.stdout + said.stderr
    assert json.loads(said.stdout)


def kept(data, told):
    """What was told is in the log, each delivery has one first observation, and versions tell a life."""
    settings = Settings(data=str(data))
    with closing(open_log(settings)) as log, closing(open_store(settings)) as store:
        in_the_log(log.read(0, log.start(0), 1 << 30), "front", told)
        assert table(store.progress().counts["front"])["difference"] == 0
        rows = [
            row
            for batch in open_archive(settings).read(store.files(Holds.OBSERVATIONS))
            for row in batch.rows()
        ]
        first = [(row.decision_id, row.position) for row in rows if row.correction == 0]
        assert len(first) == len(set(first)) == store.progress().counts["front"]["deliveries_made"]
        every = [(row.decision_id, row.position, row.correction) for row in rows]
        assert len(every) == len(set(every)) > len(first), "clicks came as corrections"
        commands = store.commands("front")
        assert [each.effect.refusal for each in commands] == [None] * 6
        made = {each.kind: store.snapshot("front", each.effect.snapshot) for each in commands}
        assert (made["freeze"].status, made["rollback"].status) == (
            Status.FROZEN,
            Status.ROLLED_BACK,
        )
        newest = store.snapshot("front")
        assert (newest.status, newest.declaration) == (Status.LEARNING, 3)
        assert newest.learns_from == 3, "another prior begins anew"
        assert set(store.roster("front", newest.roster).ids) == {"d", "a", "e"}
