"""Prometheus over several processes: whoever is scraped shows all, and no counter goes back."""

from __future__ import annotations

import http.client

import pytest
from machine import Machine
from prometheus_client.parser import text_string_to_metric_families

from tamesu.client import Client

WORKERS = 2
BANDIT = {
    "name": "front",
    "arms": ["a", "b"],
    "reward": {"window": "300ms", "lateness": "100ms"},
    "batch": {"every": "100ms"},
}


def asked(machine, method, path, body=None):
    """One answer, over a connection of its own: any server may give it."""
    connection = http.client.HTTPConnection("127.0.0.1", machine.port, timeout=60)
    try:
        connection.request(method, path, body, {"content-type": "application/json"})
        answer = connection.getresponse()
        assert answer.status == 200
        return answer.read().decode()
    finally:
        connection.close()


def scraped(machine):
    """Every number of one scrape, by name and labels."""
    return {
        (sample.name.removeprefix("tamesu_"), *sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(asked(machine, "GET", "/metrics"))
        for sample in family.samples
    }


def totals(numbers):
    """What may only rise."""
    return {
        key: number
        for key, number in numbers.items()
        if key[0].endswith(("_total", "_count", "_bucket"))
    }


@pytest.fixture
def machine(tmp_path, free_port, until):
    with Machine(tmp_path / "data", free_port(), until, workers=WORKERS) as started:
        with Client(started.url) as client:
            client.create(BANDIT)
        yield started


def test_one_scrape_shows_all_and_nothing_goes_back_when_servers_are_killed(machine, until):
    highest = {}

    def scrape():
        """Another scrape; what rises has not fallen since the last."""
        numbers = scraped(machine)
        rising = totals(numbers)
        fallen = {key: most for key, most in highest.items() if rising.get(key, -1) < most}
        assert not fallen
        highest.update(rising)
        return numbers

    decided = ("decisions_total", ("bandit", "front"))
    assert until(lambda: scrape().get(("roles_alive",)) == WORKERS + 1)
    for role in ("server-1", "trainer"):
        for _ in range(20):
            asked(machine, "POST", "/v1/bandits/front/decisions", "{}")
        if role == "server-1":
            # Nobody has been killed yet, so nothing that was counted can be missing.
            assert until(lambda: scrape().get(decided) == 20)
        pid = machine.kill_role(role)
        until(lambda role=role, pid=pid: machine.is_back(role, pid))
        died = ("restarts_total", ("reason", "died"), ("role", role))
        assert until(lambda died=died: scrape().get(died) == 1)
    processes = {f"server-{number}" for number in range(WORKERS)} | {"trainer", "supervisor"}
    assert until(lambda: {key[1][1] for key in scrape() if key[0] == "memory_bytes"} == processes)
    assert until(lambda: scrape().get(("observations_learnt_total",), 0) > 0)
    assert until(lambda: scrape().get(("lease_epoch",), 0) == 2)
    assert until(lambda: scrape().get(("watermark_age_seconds",), 60) < 60)
    assert scrape()["conservation_difference", ("bandit", "front")] == 0
    assert len(list((machine.data / "meter").iterdir())) == 3 * len(processes)
