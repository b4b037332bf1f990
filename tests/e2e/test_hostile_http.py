"""A hostile stranger at the door: no mistake of ours, no stack trace, nobody kept waiting."""

import collections
import http.client
import json
import re
import socket

import pytest
from hostile import Hostile
from machine import Machine

from tamesu.client import Client
from tamesu.serve.http.openapi import OPERATIONS
from tamesu.serve.http.openapi.examples import story

PATHS = [
    *sorted({one.path for one in OPERATIONS}),
    "/openapi.json",
    "/docs/{file}",
    "/{name}",
]
BODIES = [one.body for one in story() if one.body is not None]
PATIENCE_S = 60.0
"""No answer takes a hundredth of it; who waits so long was forgotten."""


@pytest.fixture
def machine(tmp_path, free_port, until):
    with Machine(tmp_path / "data", free_port(), until) as started:
        with Client(started.url) as client:
            client.create({"name": "steady", "arms": ["a", "b"]})
            client.create(BODIES[0])
        yield started


def answered(port, sent):
    """All that comes back on one connection, until the server closes it."""
    got = b""
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S) as connection:
        try:
            connection.sendall(sent)
            connection.shutdown(socket.SHUT_WR)
            while some := connection.recv(1 << 16):
                got += some
        except TimeoutError:
            pytest.fail(f"nobody answered {sent[:500]!r}")
        except OSError:
            pass  # it was closed on who sent that, before all was sent or read
    return got


def asked(port, method, path):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)
    try:
        connection.request(method, path)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())
    finally:
        connection.close()


def campaign(machine, seed, connections):
    """Statuses that came back, and how often."""
    decided = asked(machine.port, "POST", "/v1/bandits/home-banner/decisions")[1]
    names = {
        "name": "home-banner",
        "arm": "summer",
        "id": decided["decision_id"],
        "command": "1",
        "version": "1",
        "entity": "unit",
        "key": "user-7",
        "file": "start.js",
    }
    hostile = Hostile(seed, PATHS, BODIES, names)
    statuses = collections.Counter()
    for _ in range(connections):
        sent = hostile.sent()
        got = answered(machine.port, sent)
        told = re.findall(rb"HTTP/1\.[01] (\d{3})", got)
        statuses.update(told)
        assert not [one for one in told if one.startswith(b"5")], (sent[:2000], got[:2000])
        assert b"Traceback" not in got, sent[:2000]
    messages = machine.messages()
    assert "Traceback" not in messages, messages[-5000:]
    assert '"level": "error"' not in messages, messages[-5000:]
    assert asked(machine.port, "POST", "/v1/bandits/steady/decisions")[0] == 200
    assert asked(machine.port, "GET", "/health/ready")[0] == 200
    return statuses


def test_no_bytes_make_a_server_stumble(machine):
    statuses = campaign(machine, 7, 1500)
    assert sum(statuses.values()) > 500
    assert statuses.keys() >= {b"200", b"400", b"404", b"405", b"413", b"415", b"431"}


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(20))
def test_no_bytes_make_a_server_stumble_for_long(machine, seed):
    assert sum(campaign(machine, seed, 20_000).values()) > 5_000
