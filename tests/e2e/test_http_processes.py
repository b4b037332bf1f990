"""The server as a process over the SQLite log: stopped, killed and started again under load."""

import json
import os
import re
import signal
import socket
import threading
from contextlib import contextmanager

import pytest

from tamesu.base import Unavailable, decode_decision, decode_event
from tamesu.client import Client

DECLARATION = {"name": "front", "arms": ["a", "b", "c"], "seed": 3}


@contextmanager
def callers(url, count):
    """Threads that decide and track until told to stop; gives what they were told, and the stop."""
    told = {"decisions": [], "events": []}
    stop = threading.Event()
    warm = threading.Semaphore(0)

    def call(number):
        with Client(url, timeout=0.5) as client:
            for turn in range(1_000_000):
                if stop.is_set():
                    return
                try:
                    decided = client.decide("front", unit=f"u-{number}")
                    told["decisions"].append(decided.decision_id)
                    event = f"e-{number}-{turn}"
                    said = {"delivery_id": decided[0].delivery_id, "type": "click"}
                    client.track_many([{**said, "event_id": event}])
                    told["events"].append(event)
                except Unavailable:
                    return  # the server is gone
                warm.release()

    threads = [threading.Thread(target=call, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    try:
        yield told, warm
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def test_a_terminated_server_loses_nothing_that_it_acknowledged(place):
    server = place.start()
    with Client(place.url) as client:
        client.create(DECLARATION)
    with callers(place.url, 8) as (told, warm):
        for _ in range(100):
            assert warm.acquire(timeout=30)
        assert server.end(signal.SIGTERM) == 0
    logged = {decode_decision(entry.body).decision_id for entry in place.entries("decision")}
    events = [decode_event(entry.body).event_id for entry in place.entries("event")]
    assert len(told["decisions"]) >= 100
    assert set(told["decisions"]) <= logged
    assert set(told["events"]) <= set(events)
    assert len(events) == len(set(events))


def test_interrupting_ends_it_the_same_way(place):
    server = place.start()
    assert server.end(signal.SIGINT) == 0
    with Client(place.url, timeout=0.2) as client, pytest.raises(Unavailable):
        client.bandits()


def test_a_killed_server_gives_a_retry_the_same_decision(place):
    server = place.start()
    with Client(place.url) as client:
        client.create(DECLARATION)
        before = client.decide("front", request_id="mine")
        many = client.decide_many("front", [{"request_id": f"m-{n}"} for n in range(50)])
        server.end(signal.SIGKILL)
        place.start()
        assert client.decide("front", request_id="mine") == before
        again = client.decide_many("front", [{"request_id": f"m-{n}"} for n in range(50)])
    assert again == many
    assert len(place.entries("decision")) == 51


def test_a_client_waits_for_a_server_that_comes_back(place):
    server = place.start()
    with Client(place.url, timeout=30) as client:
        client.create(DECLARATION)
        server.end(signal.SIGKILL)
        answers = []
        caller = threading.Thread(target=lambda: answers.append(client.decide("front")))
        caller.start()
        place.start()
        caller.join(30)
        assert [answer.arm in "abc" for answer in answers] == [True]


def test_requests_in_flight_are_answered_before_it_ends(place):
    """A request that the server had begun to read when it was told to stop."""
    server = place.start()
    with Client(place.url) as client:
        client.create(DECLARATION)
    with socket.create_connection(("127.0.0.1", place.port), timeout=30) as connection:
        connection.sendall(
            b"POST /v1/bandits/front/decisions HTTP/1.1\r\nHost: localhost\r\n"
            b"Content-Type: application/json\r\nContent-Length: 15\r\nConnection: close\r\n\r\n{"
        )
        # Its answer to another request shows that the first was read.
        with Client(place.url) as client:
            assert client.ready()
        os.kill(server.process.pid, signal.SIGTERM)
        connection.sendall(b'"unit":"late"}')
        answer = b""
        while part := connection.recv(65536):
            answer += part
    assert answer.startswith(b"HTTP/1.1 200 ")
    decided = json.loads(answer[answer.index(b"{") :])["decision_id"]
    assert server.process.wait(30) == 0
    assert [entry.key for entry in place.entries("decision")] == [decided]


def test_a_taken_port_is_one_clear_message(place):
    place.start()
    with pytest.raises(AssertionError) as told:
        place.start(place.data.with_name("other"))
    said = str(told.value)
    assert f"port {place.port} on 127.0.0.1 must be free" in said
    assert re.search(r"hint: .*--port", said)
