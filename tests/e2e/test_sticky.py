"""Real servers: a unit has one decision, whoever is killed; what is known of it outlasts kills, too."""

from __future__ import annotations

import asyncio
import random
from contextlib import closing

import pytest
from machine import Machine

from tamesu.base import Kind, decode_decision
from tamesu.client import AsyncClient, Client
from tamesu.wiring import Settings, open_log

WORKERS = 2
CLIENTS = 8
UNITS = 5
CALLS = 200  # for each unit
BANDIT = {
    "name": "front",
    "arms": list("abcdefgh"),
    "reward": {"window": "30m"},
    "sticky": {"ttl": "15m"},
    "seed": 3,
}


@pytest.fixture
def machine(tmp_path, free_port, until):
    with Machine(tmp_path / "data", free_port(), until, workers=WORKERS) as started:
        with Client(started.url) as client:
            client.create(BANDIT)
        yield started


def recorded(machine):
    """The ids of all decisions in the log, by unit."""
    found = {}
    with closing(open_log(Settings(data=str(machine.data)))) as log:
        for entry in log.read(0, 0, 1 << 30):
            if entry.kind == Kind.DECISION:
                decision = decode_decision(entry.body)
                found.setdefault(decision.unit, set()).add(decision.decision_id)
    return found


async def decide_at_once(url, units, meanwhile):
    """`CALLS` calls for each unit, all at once over several clients; what each unit was told."""
    clients = [AsyncClient(url, timeout=60) for _ in range(CLIENTS)]
    try:
        wanted = [unit for unit in units for _ in range(CALLS)]
        random.Random(7).shuffle(wanted)
        tasks = [
            asyncio.create_task(clients[number % CLIENTS].decide("front", unit=unit))
            for number, unit in enumerate(wanted)
        ]
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        meanwhile()
        told = {}
        for unit, decision in zip(wanted, await asyncio.gather(*tasks), strict=True):
            told.setdefault(unit, []).append(decision)
        return told
    finally:
        for client in clients:
            await client.close()


def test_a_thousand_requests_of_five_units_with_a_worker_killed_are_five_decisions(machine, until):
    units = [f"u-{number}" for number in range(UNITS)]
    killed = []
    told = asyncio.run(
        decide_at_once(machine.url, units, lambda: killed.append(machine.kill_role("server-0")))
    )
    until(lambda: machine.is_back("server-0", *killed))
    ids = {unit: {decision.decision_id for decision in same} for unit, same in told.items()}
    assert {unit: len(same) for unit, same in ids.items()} == dict.fromkeys(units, 1)
    assert [len(same) for same in told.values()] == [CALLS] * UNITS
    assert recorded(machine) == ids
    with Client(machine.url) as client:
        for unit in units:
            again = client.decide("front", unit=unit)
            assert again.sticky
            assert {again.decision_id} == ids[unit]

        def counted():
            """Repeats of a record are duplicates; a decision is one, however often it was given."""
            counts = client.conservation("front")
            assert counts["difference"] == 0
            assert counts["decisions"]["accepted"] <= UNITS
            return counts["decisions"]["accepted"] == UNITS

        until(counted)


def test_features_outlast_every_worker(machine, until):
    """Put through one, killed at once, used by the next."""
    with Client(machine.url) as client:
        client.put_features("u-1", {"plan": "pro"})
        for number in range(WORKERS):
            pid = machine.kill_role(f"server-{number}")
            until(lambda name=f"server-{number}", pid=pid: machine.is_back(name, pid))
        assert client.features("u-1") == {"plan": "pro"}
        decision = client.decide("front", unit="u-1")
        told = until(lambda: client.explain(decision.decision_id))
        assert told["context"] == {"plan": "pro"}
