"""One bandit, several server processes: a change is one change, and every worker comes to know it."""

from __future__ import annotations

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest
from machine import Machine

from tamesu.base import NotFound, Outdated, Unavailable
from tamesu.client import Client

BANDIT = {
    "name": "front",
    "arms": ["a", "b", "c"],
    "reward": {"window": "2s", "lateness": "100ms"},
    "seed": 3,
}
CALLERS = 12


@pytest.fixture(scope="module")
def machine(tmp_path_factory, free_port, until):
    data = tmp_path_factory.mktemp("machine") / "data"
    with Machine(data, free_port(), until, workers=2) as made:
        yield made


def test_of_many_changes_at_once_one_is_made_and_every_worker_serves_it(machine, until):
    with Client(machine.url, timeout=60) as client:
        client.create(BANDIT)

        def change(place):
            """The number that was made; that of another's change is negative."""
            try:
                return client.update({**BANDIT, "arms": ["a", f"x{place}"]}, 1)["number"]
            except Outdated as error:
                return -error.facts["newest"]

        with ThreadPoolExecutor(CALLERS) as pool:
            made = sorted(pool.map(change, range(CALLERS)))
        assert made == [*[-2] * (CALLERS - 1), 2], "one is made, the others are told the newest"
        (arm,) = {each["id"] for each in client.bandit("front")["declaration"]["arms"]} - {"a"}
        assert client.bandit("front")["number"] == 2
        # By then the poll of each worker has come by: none decides by the old one any more.
        until(lambda: all(decides_by(client, 2, {"a", arm}) for _ in range(40)))

        client.freeze("front")
        assert {client.bandit("front")["status"] for _ in range(20)} == {"frozen"}
        client.resume("front")

        client.delete("front")
        until(lambda: all(is_gone(client) for _ in range(20)))
        client.create(BANDIT)
        assert all(decides_by(client, 3, {"a", "b", "c"}) for _ in range(40))


def decides_by(client, number, arms):
    decided = client.decide("front")
    return decided.decision_id.startswith(f"front.{number}.") and decided.arm in arms


def is_gone(client):
    try:
        client.decide("front")
    except NotFound:
        return True
    return False


def test_while_nobody_can_write_to_the_store_decisions_go_on_and_changes_are_refused(machine):
    with Client(machine.url, timeout=90) as client, Client(machine.url, timeout=1) as hasty:
        client.create({**BANDIT, "name": "back"})
        with closing(
            sqlite3.connect(machine.data / "store.sqlite3", isolation_level=None)
        ) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(Unavailable):
                hasty.freeze("back")
            for _ in range(20):
                assert client.decide("back").arm in BANDIT["arms"]
            other.execute("ROLLBACK")
        assert client.freeze("back")["status"] == "frozen"
