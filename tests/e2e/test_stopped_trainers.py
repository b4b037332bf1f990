"""A trainer stands still for longer than its lease: alone it goes on, beside another it is refused."""

from __future__ import annotations

import os
import signal
import subprocess

import pytest
from callers import calling
from machine import TAMESU, Machine
from promises import check, everything_final

from tamesu.client import Client
from tamesu.engine.learner import LEASE_US
from tamesu.watch import read_standing

BANDIT = {
    "name": "front",
    "arms": ["a", "b", "c"],
    "reward": {"window": "1s", "lateness": "500ms"},
    "batch": {"every": "100ms"},
    "seed": 1,
}


@pytest.fixture
def machine(tmp_path, free_port, until):
    with Machine(tmp_path / "data", free_port(), until) as started:
        with Client(started.url, timeout=60) as client:
            client.create(BANDIT)
        yield started


def silence_s(machine):
    """How long ago the trainer's loop last turned."""
    (trainer,) = (r for r in read_standing(machine.data).roles if r.name == "trainer")
    return trainer.beat_age_s


def accepted(client):
    return client.conservation("front")["decisions"]["accepted"]


def test_alone_it_goes_on_under_its_lease(machine, until):
    """Its lease ran out and nobody took it: nothing is lost, not even the work under way."""
    trainer = machine.role("trainer")
    with Client(machine.url, timeout=60) as client:
        with calling(machine.url, "front", 2) as callers:
            callers.go_on(20, until)
            until(lambda: accepted(client) > 0)
            os.kill(trainer, signal.SIGSTOP)
            try:
                until(lambda: silence_s(machine) > LEASE_US / 1e6 + 1)
            finally:
                os.kill(trainer, signal.SIGCONT)
            callers.go_on(20, until)
        everything_final(client, "front", callers.told, until)
        assert machine.role("trainer") == trainer
        assert machine.messages().count("lease taken") == 1
        assert machine.end() == 0
    check(machine.data, "front", callers.told)


def test_beside_another_that_took_over_it_is_refused(machine, tmp_path, until):
    """It writes nothing of what it had under way, and takes its place again when that one leaves."""
    trainer = machine.role("trainer")
    with Client(machine.url, timeout=60) as client:
        with calling(machine.url, "front", 2) as callers:
            callers.go_on(20, until)
            until(lambda: accepted(client) > 0)
            os.kill(trainer, signal.SIGSTOP)
            another = None
            try:
                another = start_trainer(machine, tmp_path / "another.log")
                before = accepted(client)
                until(lambda: accepted(client) > before)
                os.kill(trainer, signal.SIGCONT)
                until(lambda: "lease held by another trainer" in machine.messages())
                before = accepted(client)
                callers.go_on(10, until)
                until(lambda: accepted(client) > before)
            finally:
                os.kill(trainer, signal.SIGCONT)
                if another is not None:
                    another.terminate()
                    assert another.wait(30) == 0
            callers.go_on(10, until)
        everything_final(client, "front", callers.told, until)
        assert machine.messages().count("lease taken") == 2
        assert machine.role("trainer") == trainer
        assert machine.end() == 0
    check(machine.data, "front", callers.told)


def start_trainer(machine, said):
    with said.open("wb") as output:
        return subprocess.Popen(
            [*TAMESU, "run", "trainer", "--data", str(machine.data), "--json"],
            stdout=output,
            stderr=output,
        )
