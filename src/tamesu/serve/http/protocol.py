"""HTTP as uvicorn speaks it, but for what is no HTTP, too long or too slow: a problem, like all else.

Each connection says until when it must have moved on: a head, a body, an answer, and silence between
two requests have their time, and no number of bytes that drip in prolongs it. Headers behind a body are no
headers. Refuses to guess what was meant: the connection ends with the answer.
"""

from __future__ import annotations

import asyncio
from typing import Any, NamedTuple

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from tamesu.base import InvalidInput, TamesuError, TooLarge
from tamesu.ports import Meter
from tamesu.serve.http.problem import MEDIA_TYPE, problem

MAX_HEAD = 32 << 10
"""Most bytes of a request's line and headers; and of what stands around the parts of a body."""

MAX_HEADERS = 100
"""Most headers of a request."""

_REASONS = {400: b"Bad Request", 408: b"Request Timeout", 431: b"Request Header Fields Too Large"}


class Patience(NamedTuple):
    """How long a connection may take, in seconds.

    Attributes:
        head: from its first byte, or from being accepted, until a request's headers are complete.
        body: from there until it is complete.
        exchange: from there until the answer is written: work and the caller's reading.
        idle: between an answer and the next request; longer than proxies keep a connection.
    """

    head: float = 10.0
    body: float = 30.0
    exchange: float = 300.0
    idle: float = 75.0


class Speaking(HttpToolsProtocol):
    """One connection.

    Args:
        meter: takes `refused_total`.
        patience: how long each of its parts may take.
        more: what uvicorn gives a connection.

    Attributes:
        until: loop time at which it must have moved on.
    """

    def __init__(self, *, meter: Meter, patience: Patience, **more: Any) -> None:
        super().__init__(**more)
        self.until = 0.0
        self._meter, self._patience = meter, patience
        self._in_head, self._has_begun = True, False
        self._idle_bytes = self._chunk_bytes = 0
        self._is_moving = False
        self._refusal: TamesuError | None = None
        self._cycles: list[RequestResponseCycle] = []

    @property
    def is_idle(self) -> bool:
        """Whether nothing is asked and nothing is being answered."""
        return self.cycle is None or self.cycle.response_complete

    def expire(self) -> None:
        """Ends it, for it did not move on."""
        if self.transport.is_closing():
            self.transport.abort()
        elif not self.is_idle:
            if self.cycle.more_body and not self.cycle.response_started:
                self._refuse(_too_late("body", self._patience.body))
            else:
                self.transport.abort()
        elif self._has_begun and self._in_head:
            self._refuse(_too_late("head", self._patience.head))
        else:
            self.transport.close()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Starts the time of the first head."""
        self.until = self.loop.time() + self._patience.head
        super().connection_made(transport)

    def data_received(self, data: bytes) -> None:
        """Feeds what came, and counts it while it brings nothing that counts: no body, no whole head."""
        self._chunk_bytes = len(data)
        self._is_moving = False
        super().data_received(data)
        self._idle_bytes = 0 if self._is_moving else self._idle_bytes + len(data)
        if self._idle_bytes > MAX_HEAD and not self.transport.is_closing():
            self._refuse(_too_long())

    def connection_lost(self, exc: Exception | None) -> None:
        """The other side is gone."""
        self._let_go()
        super().connection_lost(exc)

    def eof_received(self) -> None:
        """Nothing more comes, and the connection closes."""
        self._let_go()

    def on_message_begin(self) -> None:
        """A head begins."""
        if not self._has_begun and self.cycle is not None:
            self.until = self.loop.time() + self._patience.head
        self._in_head = self._has_begun = True
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """A head is complete: what is asked is done, or refused."""
        self._in_head, self._is_moving = False, True
        if len(self.headers) > MAX_HEADERS or (
            self._chunk_bytes > MAX_HEAD and _length(self.headers) + len(self.url) > MAX_HEAD
        ):
            self._refusal = _too_long()
            raise self._refusal
        self.until = self.loop.time() + self._patience.body
        super().on_headers_complete()
        self.headers = []  # what comes behind a body: nobody reads it
        self._cycles = [one for one in self._cycles if not one.response_complete]
        if self.cycle is not None:
            self._cycles.append(self.cycle)

    def on_body(self, body: bytes) -> None:
        """A part of a body."""
        self._is_moving = True
        super().on_body(body)

    def on_message_complete(self) -> None:
        """A request is complete."""
        super().on_message_complete()
        if not self.is_idle:
            self.until = self.loop.time() + self._patience.exchange

    def on_response_complete(self) -> None:
        """An answer is written: the connection is idle, or the next head has begun already."""
        super().on_response_complete()
        if self.is_idle:
            self._has_begun = self._in_head
            self.until = self.loop.time() + (
                self._patience.head if self._in_head else self._patience.idle
            )

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - says no more than that
        """Refuses what could not be read."""
        self._refuse(
            self._refusal
            or InvalidInput(
                "a request must be HTTP/1.1 or 1.0, what came is not",
                hint="look at the client, or at what stands between it and this server",
            )
        )

    def _refuse(self, error: TamesuError) -> None:
        self._meter.count("refused_total", code=error.code)
        status, body, _ = problem(error)
        head = (
            b"HTTP/1.1 %d %s\r\ncontent-type: %s\r\ncontent-length: %d\r\nconnection: close\r\n\r\n"
        )
        self.transport.write(head % (status, _REASONS[status], MEDIA_TYPE, len(body)) + body)
        self.transport.close()
        self._let_go()

    def _let_go(self) -> None:
        """What is still being done here has nobody left to answer: writing would be an error.

        uvicorn tells it to the newest of several requests that came at once, and to no other.
        """
        for cycle in self._cycles:
            if not cycle.response_complete:
                cycle.disconnected = True
                cycle.message_event.set()
        self._cycles.clear()


def _too_long() -> TooLarge:
    return TooLarge(
        f"the head of a request may have {MAX_HEAD:,} bytes and {MAX_HEADERS} headers, got more",
        status=431,
    )


def _too_late(part: str, seconds: float) -> InvalidInput:
    return InvalidInput(
        f"the {part} of a request must arrive within {seconds:g} s, it did not", status=408
    )


def _length(headers: list[tuple[bytes, bytes]]) -> int:
    return sum(len(name) + len(value) for name, value in headers)
