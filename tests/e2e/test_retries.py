"""One request id is one decision, on whichever worker its retries arrive, and whoever dies meanwhile."""

from __future__ import annotations

import asyncio
import random
from contextlib import closing

import pytest
from machine import Machine

from tamesu.base import Kind, decode_decision
from tamesu.client import AsyncClient, Client
from tamesu.wiring import Settings, open_log

WORKERS = 4
CLIENTS = 8
RETRIES = 200
REQUESTS = 5
BANDIT = {"name": "front", "arms": list("abcdefgh"), "seed": 3}


@pytest.fixture
def machine(tmp_path, free_port, until):
    with Machine(tmp_path / "data", free_port(), until, workers=WORKERS) as started:
        with Client(started.url) as client:
            client.create(BANDIT)
        yield started


def recorded(machine):
    """The ids of all decisions in the log, by request id."""
    found = {}
    with closing(open_log(Settings(data=str(machine.data)))) as log:
        for entry in log.read(0, 0, 1 << 30):
            if entry.kind == Kind.DECISION:
                decision = decode_decision(entry.body)
                found.setdefault(decision.request_id, set()).add(decision.decision_id)
    return found


async def decide_at_once(url, requests, meanwhile=None):
    """`RETRIES` calls for each request id, all at once over several clients; what they were told."""
    clients = [AsyncClient(url, timeout=60) for _ in range(CLIENTS)]
    try:
        calls = [
            clients[number % CLIENTS].decide("front", request_id=request)
            for request in requests
            for number in range(RETRIES)
        ]
        random.Random(7).shuffle(calls)
        tasks = [asyncio.create_task(call) for call in calls]
        if meanwhile is not None:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            meanwhile()
        return await asyncio.gather(*tasks)
    finally:
        for client in clients:
            await client.close()


def test_two_hundred_retries_at_once_with_a_worker_killed_are_one_decision_each(machine, until):
    retry_and_check(machine, until, turns=1)


@pytest.mark.soak
@pytest.mark.timeout(600)
def test_and_they_are_thirty_times(machine, until):
    retry_and_check(machine, until, turns=30)


def retry_and_check(machine, until, turns):
    answers = {}
    for turn in range(turns):
        name = f"server-{turn % WORKERS}"
        requests = [f"request-{turn}-{number}" for number in range(REQUESTS)]
        killed = []

        def kill(name=name, killed=killed):
            killed.append(machine.kill_role(name))

        for decision in asyncio.run(decide_at_once(machine.url, requests, kill)):
            answers.setdefault(decision.decision_id, []).append(decision)
        until(lambda name=name, killed=killed: machine.is_back(name, *killed))
    assert [len(same) for same in answers.values()] == [RETRIES] * (turns * REQUESTS)
    assert all(decision == same[0] for same in answers.values() for decision in same)
    found = recorded(machine)
    assert len(found) == turns * REQUESTS
    assert all(len(ids) == 1 for ids in found.values())
    assert set().union(*found.values()) == set(answers)


def test_every_worker_gives_the_same_answer_long_after(machine, until):
    """Also workers that started after the decision was made."""
    with Client(machine.url) as client:
        first = client.decide("front", request_id="mine")
    for number in range(WORKERS):
        name = f"server-{number}"
        pid = machine.kill_role(name)
        until(lambda name=name, pid=pid: machine.is_back(name, pid))
    told = asyncio.run(decide_at_once(machine.url, ["mine"]))
    assert all(decision == first for decision in told)
    assert recorded(machine) == {"mine": {first.decision_id}}
