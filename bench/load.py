"""A load generator over raw sockets: closed loop for throughput, open loop for latency.

One request in flight per connection, no pipelining. It does as little as can be done for a request,
so that the server is what is measured; `bench/over_http.py` checks that it is not the bottleneck.
"""

from __future__ import annotations

import asyncio
import selectors
import socket
import threading
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import cycle, islice
from typing import Any, Protocol

import uvloop

CONNECTIONS = 64


@dataclass
class Load:
    """What came of one run.

    Attributes:
        answered: how many requests were answered as they should be.
        refused: how many otherwise.
        seconds: how long it took.
        latencies_s: of each answered request, from the moment it was due.
    """

    answered: int = 0
    refused: int = 0
    seconds: float = 0.0
    latencies_s: list[float] = field(default_factory=list)

    @property
    def per_second(self) -> float:
        """Answered requests per second."""
        return self.answered / self.seconds

    def quantile_ms(self, share: float) -> float:
        """A quantile of the latencies, by the nearest rank."""
        ranked = sorted(self.latencies_s)
        return 1e3 * ranked[min(len(ranked) - 1, int(share * len(ranked)))]


def request(path: str, body: bytes) -> bytes:
    """The bytes of one POST."""
    return (
        f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    ).encode() + body


def ring(path: str, bodies: Iterator[bytes], size: int = 4096) -> Iterator[bytes]:
    """Requests without end, made once and repeated."""
    return cycle([request(path, body) for body in islice(bodies, size)])


def saturate(port: int, requests: Iterator[bytes], seconds: float) -> Load:
    """Asks on every connection as soon as the one before is answered."""
    load = Load()

    async def run() -> None:
        loop = asyncio.get_running_loop()
        began = loop.time()
        end = began + seconds

        def answered(connection: _Connection, *, good: bool) -> None:
            load.answered += good
            load.refused += not good
            if loop.time() < end:
                connection.ask(next(requests))
            else:
                connection.finish()

        connections = [await _connect(port, answered) for _ in range(CONNECTIONS)]
        for connection in connections:
            connection.ask(next(requests))
        await asyncio.gather(*(connection.closed for connection in connections))
        load.seconds = loop.time() - began

    uvloop.run(run())
    return load


def pace(port: int, requests: Iterator[bytes], seconds: float, per_second: float) -> Load:
    """Asks at a steady rate whatever the answers do; latencies count from when a request was due.

    One thread sends and one receives: an event loop's timers keep to a millisecond only, and what
    comes in pairs then waits for its twin.
    """
    load = Load()
    connections = [socket.create_connection(("127.0.0.1", port)) for _ in range(CONNECTIONS)]
    idle = deque(connections)
    due: dict[socket.socket, float] = {}
    sent_all = threading.Event()

    def receive() -> None:
        with selectors.DefaultSelector() as selector:
            received = dict.fromkeys(connections, b"")
            for connection in connections:
                selector.register(connection, selectors.EVENT_READ)
            while due or not sent_all.is_set():
                for key, _ in selector.select(0.1):
                    connection: Any = key.fileobj
                    now = time.perf_counter()
                    answer = received[connection] = received[connection] + connection.recv(65_536)
                    if is_whole(answer):
                        good = answer.startswith(b"HTTP/1.1 2")
                        load.answered += good
                        load.refused += not good
                        load.latencies_s.append(now - due.pop(connection))
                        received[connection] = b""
                        idle.append(connection)

    receiver = threading.Thread(target=receive)
    receiver.start()
    began = time.perf_counter()
    for number in range(int(seconds * per_second)):
        moment = began + number / per_second
        while (wait := moment - time.perf_counter()) > 0 or not idle:
            time.sleep(max(wait, 0.0001))
        connection = idle.popleft()
        due[connection] = moment
        connection.sendall(next(requests))
    sent_all.set()
    receiver.join()
    load.seconds = time.perf_counter() - began
    for connection in connections:
        connection.close()
    return load


def is_whole(received: bytes) -> bool:
    """Whether an answer has come to its end."""
    head = received.find(b"\r\n\r\n")
    if head < 0:
        return False
    start = received.find(b"content-length: ") + 16
    return len(received) >= head + 4 + int(received[start : received.find(b"\r\n", start)])


class Answered(Protocol):
    """What is told when a request was answered."""

    def __call__(self, connection: _Connection, *, good: bool) -> None:
        """On `connection`, well or not."""
        ...


class _Connection(asyncio.Protocol):
    def __init__(self, answered: Answered) -> None:
        self._answered = answered
        self._received = b""
        self._transport: Any = None
        self.closed: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Asyncio's call."""
        self._transport = transport

    def ask(self, data: bytes) -> None:
        """Sends one request."""
        self._transport.write(data)

    def finish(self) -> None:
        """Closes."""
        self._transport.close()

    def data_received(self, data: bytes) -> None:
        """Asyncio's call: hands on an answer once it is whole."""
        received = self._received = self._received + data if self._received else data
        if not is_whole(received):
            return
        self._received = b""
        self._answered(self, good=received.startswith(b"HTTP/1.1 2"))

    def connection_lost(self, error: Exception | None) -> None:
        """Asyncio's call."""
        if self.closed.done():
            return
        if error is None:
            self.closed.set_result(None)
        else:
            self.closed.set_exception(error)


async def _connect(port: int, answered: Answered) -> _Connection:
    loop = asyncio.get_running_loop()
    _, connection = await loop.create_connection(lambda: _Connection(answered), "127.0.0.1", port)
    return connection
