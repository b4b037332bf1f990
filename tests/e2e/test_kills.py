"""Processes are killed again and again under load; every promise holds.

Twenty times on each run of the tests, two hundred times in `make soak`: servers, the trainer, several
at once, and now and then the supervisor itself.
"""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass

import pytest
from callers import calling
from machine import Machine
from promises import check, everything_final

from tamesu.client import Client

BANDIT = {
    "name": "front",
    "layout": {"kind": "slate", "size": 2},
    "arms": ["a", "b", "c", "d"],
    "reward": {"window": "1s", "lateness": "500ms"},
    "batch": {"every": "100ms"},
    "seed": 11,
}


@dataclass(frozen=True)
class Plan:
    """How much is killed.

    Attributes:
        kills: how many processes in all.
        workers, callers: how many.
        at_once: most that are killed together.
        supervisor: probability that the next is the supervisor.
        between: most rounds that are answered between two kills.
    """

    kills: int
    workers: int
    callers: int
    at_once: int
    supervisor: float
    between: int = 25


DAILY = Plan(kills=20, workers=2, callers=2, at_once=1, supervisor=0.0)
SOAK = Plan(kills=200, workers=4, callers=6, at_once=3, supervisor=0.04)


@pytest.mark.timeout(300)
def test_twenty_kills_lose_nothing_and_count_nothing_twice(tmp_path, free_port, until):
    machine = Machine(tmp_path / "data", free_port(), until, workers=DAILY.workers)
    killed = kill_and_check(DAILY, machine, until)
    assert set(killed) == {"server-0", "server-1", "trainer"}


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_two_hundred_kills_lose_nothing_and_count_nothing_twice(tmp_path, free_port, until):
    machine = Machine(tmp_path / "data", free_port(), until, workers=SOAK.workers)
    killed = kill_and_check(SOAK, machine, until)
    servers = {f"server-{number}" for number in range(SOAK.workers)}
    assert set(killed) == {*servers, "trainer", "supervisor"}


def kill_and_check(plan, machine, until, seed=2026):
    with machine, Client(machine.url, timeout=90) as client:
        client.create(BANDIT)
        with calling(machine.url, "front", plan.callers) as callers:
            killed = kill_at_random(plan, machine, client, callers, until, random.Random(seed))
        everything_final(client, "front", callers.told, until)
        assert machine.end() == 0
    assert sum(killed.values()) >= plan.kills
    check(machine.data, "front", callers.told)
    return killed


def kill_at_random(plan, machine, client, callers, until, draw):
    """Kills some roles, each as soon as some work was done since the last; gives how often whom."""
    killed = Counter()
    names = [*(f"server-{number}" for number in range(plan.workers)), "trainer"]
    while sum(killed.values()) < plan.kills:
        callers.go_on(draw.randrange(1, plan.between), until)
        if draw.random() < plan.supervisor:
            machine.kill()
            machine.start()
            killed["supervisor"] += 1
        else:
            chosen = draw.sample(names, draw.randint(1, plan.at_once))
            pids = {name: machine.kill_role(name) for name in chosen}
            killed.update(chosen)
            for name, pid in pids.items():
                until(lambda name=name, pid=pid: machine.is_back(name, pid))
        assert client.conservation("front")["difference"] == 0
    return killed
