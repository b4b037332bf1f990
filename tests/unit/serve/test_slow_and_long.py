"""Connections that take too long, say too much, or say two things at once."""

import contextlib
import re
import socket
import threading

import pytest

from tamesu.serve.http.guests import Guests
from tamesu.serve.http.protocol import MAX_HEAD, MAX_HEADERS, Patience

PATH = "/v1/bandits/colours/decisions"
HEAD = b"POST /v1/bandits/colours/decisions HTTP/1.1\r\nHost: localhost\r\n"
BODY = b"Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
SHORT = Patience(head=0.3, body=0.6, exchange=60.0, idle=0.3)


class Caller:
    """One connection, byte by byte."""

    def __init__(self, server):
        self._socket = socket.create_connection(("127.0.0.1", server.port), timeout=20)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self._socket.close()

    def say(self, data):
        self._socket.sendall(data)

    def drip(self, data, pause_s=0.05):
        """Says it byte by byte until it is all said or nobody listens; what is answered."""
        pause = threading.Event()
        for byte in data:
            try:
                self._socket.sendall(bytes([byte]))
            except OSError:
                break
            pause.wait(pause_s)
        return self.rest()

    def answer(self):
        """One answer with a length."""
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            byte = self._socket.recv(1)
            assert byte, head
            head += byte
        length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
        body = b""
        while len(body) < length:
            body += self._socket.recv(length - len(body))
        return head + body

    def rest(self):
        """All that comes until the other side ends it."""
        said = b""
        try:
            while part := self._socket.recv(65536):
                said += part
        except ConnectionResetError:
            pass
        return said


@pytest.fixture
def hasty(serving, declaration):
    """A server without patience."""
    server = serving(patience=SHORT)
    assert server.post("/v1/bandits", declaration)[0] == 201
    return server


@pytest.fixture
def call(server):
    with Caller(server) as caller:
        yield caller


@pytest.fixture(autouse=True)
def _often(monkeypatch):
    """Looks often for who is too slow."""
    monkeypatch.setattr(Guests.sweep, "__defaults__", (0.05,))


def test_who_says_nothing_is_let_go_without_a_word(hasty):
    with Caller(hasty) as caller:
        assert caller.rest() == b""


def test_a_head_that_drips_is_408_however_long_it_drips(hasty):
    with Caller(hasty) as caller:
        answer = caller.drip(HEAD + b"X: " + b"a" * 10_000)
    assert answer.startswith(b"HTTP/1.1 408 Request Timeout\r\n")
    assert b"application/problem+json" in answer


def test_a_second_head_that_drips_is_408_too(hasty):
    with Caller(hasty) as caller:
        caller.say(HEAD + BODY)
        assert caller.answer().startswith(b"HTTP/1.1 200 ")
        assert caller.drip(HEAD + b"X: " + b"a" * 10_000).startswith(b"HTTP/1.1 408 ")


def test_a_head_that_drips_behind_a_request_is_408_too(hasty):
    with Caller(hasty) as caller:
        caller.say(HEAD + BODY + HEAD[:10])
        assert caller.answer().startswith(b"HTTP/1.1 200 ")
        assert caller.drip(HEAD[10:] + b"X: " + b"a" * 10_000).startswith(b"HTTP/1.1 408 ")


def test_blank_lines_between_requests_prolong_nothing(hasty):
    with Caller(hasty) as caller:
        assert caller.drip(b"\r\n" * 10_000) == b""
    with Caller(hasty) as caller:
        caller.say(HEAD + BODY)
        caller.answer()
        assert caller.drip(b"\r\n" * 10_000) == b""


def test_a_body_that_nobody_waits_for_prolongs_nothing(hasty):
    """A GET is answered before its body is there; that the rest drips in keeps no connection."""
    with Caller(hasty) as caller:
        caller.say(
            b"GET /health/live HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n\r\n"
        )
        assert caller.answer().startswith(b"HTTP/1.1 200 ")
        assert caller.drip(b"a" * 100_000) == b""


@pytest.mark.parametrize("body", [b" " * 10_000, b""], ids=["drips", "never comes"])
def test_a_body_that_is_late_is_408_and_no_trouble_of_ours(hasty, body):
    with Caller(hasty) as caller:
        caller.say(HEAD + b"Content-Type: application/json\r\nContent-Length: 100000\r\n\r\n")
        answer = caller.drip(body)
    assert answer.startswith(b"HTTP/1.1 408 Request Timeout\r\n")
    assert b"the body of a request must arrive within 0.6 s" in answer
    assert len(re.findall(rb"HTTP/1.1 \d", answer)) == 1


def test_who_asks_within_the_time_stays(hasty):
    with Caller(hasty) as caller:
        for _ in range(12):
            caller.say(HEAD + BODY)
            assert caller.answer().startswith(b"HTTP/1.1 200 ")
            threading.Event().wait(0.1)


def test_requests_one_behind_the_other_are_all_answered(hasty):
    with Caller(hasty) as caller:
        caller.say((HEAD + BODY) * 50)
        for _ in range(50):
            assert caller.answer().startswith(b"HTTP/1.1 200 ")


# Too much ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "head",
    [
        b"X: " + b"a" * (MAX_HEAD + 1),
        b"".join(b"X-%d: a\r\n" % number for number in range(10_000)),
        b"a" * (MAX_HEAD + 1) + b": b",
    ],
    ids=["one long", "many", "a long name"],
)
@pytest.mark.parametrize("ends", [True, False], ids=["whole", "endless"])
def test_a_head_that_is_too_long_is_431(server, call, head, ends):
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        call.say(HEAD + head + (b"\r\n\r\n" if ends else b""))
    answer = call.rest()
    assert answer.startswith(b"HTTP/1.1 431 ") or answer == b""  # reset, with what was not read
    assert server.post(PATH, {})[0] == 200


def test_a_long_line_is_431(server, call):
    call.say(b"GET /" + b"a" * MAX_HEAD * 2 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert call.rest().startswith(b"HTTP/1.1 431 ")


def test_many_short_headers_are_431_and_as_many_as_allowed_are_not(server):
    for many, status in ((MAX_HEADERS - 3, 200), (MAX_HEADERS + 1, 431)):
        with Caller(server) as caller:
            more = b"".join(b"x%d: a\r\n" % number for number in range(many))
            caller.say(HEAD + more + BODY)
            assert caller.answer().startswith(b"HTTP/1.1 %d " % status)


def test_a_head_in_small_parts_may_be_as_long_as_one_that_comes_at_once(server, call):
    call.say(HEAD)
    for number in range(60):
        call.say(b"x%d: %s\r\n" % (number, b"a" * 400))
    call.say(BODY)
    assert call.answer().startswith(b"HTTP/1.1 200 ")


CHUNKED = b"Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    ("begin", "more"),
    [
        (b"2\r\n{}\r\n0\r\nx: ", b"y"),
        (b"2\r\n{}\r\n0\r\n", b"x: y\r\n"),
        (b"2;", b"y"),
    ],
    ids=["a trailer", "trailers", "an extension"],
)
def test_what_stands_around_a_body_has_an_end(call, begin, more):
    """A trailer is put together anew with each part of it: with no end, a server would do nothing else."""
    call.say(HEAD + CHUNKED + begin)
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        for _ in range(100):
            call.say(more * (MAX_HEAD // len(more)))
    answer = call.rest()
    assert answer.startswith(b"HTTP/1.1 431 ") or answer == b""  # reset, with what was not read


def test_a_header_behind_a_body_is_none(call):
    undeclared = CHUNKED.replace(b"Content-Type: application/json\r\n", b"")
    call.say(HEAD + undeclared + b"2\r\n{}\r\n0\r\nContent-Type: application/json\r\n\r\n")
    assert call.answer().startswith(b"HTTP/1.1 415 ")


def test_a_body_in_many_small_parts_is_no_head(call):
    call.say(HEAD + CHUNKED)
    for _ in range(100):
        call.say(b"1\r\n \r\n" * 500)
    call.say(b"2\r\n{}\r\n0\r\n\r\n")
    assert call.answer().startswith(b"HTTP/1.1 200 ")


# Two things at once ------------------------------------------------------------------------------

SMUGGLED = b"DELETE /v1/bandits/colours HTTP/1.1\r\nHost: localhost\r\n\r\n"


@pytest.mark.parametrize(
    "framing",
    [
        b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n",
        b"Transfer-Encoding: chunked\r\nContent-Length: 4\r\n",
        b"Content-Length: 0\r\nContent-Length: 60\r\n",
        b"Content-Length: 0, 60\r\n",
        b"Content-Length: +5\r\n",
        b"Content-Length: 0x5\r\n",
        b"Content-Length: 5 5\r\n",
        b"Content-Length: 99999999999999999999999\r\n",
        b"Transfer-Encoding: xchunked\r\n",
        b"Transfer-Encoding: chunked, identity\r\n",
        b"Transfer-Encoding : chunked\r\n",
        b"Transfer-Encoding:\x0bchunked\r\n",
        b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n",
        b"Content-Length : 5\r\n",
        b"X: a\r\n Content-Length: 5\r\n",
        b"X: a\nContent-Length: 5\r\n",
        b"X: a\rContent-Length: 5\r\n",
        b"X: a\x00b\r\n",
        b"\r: a\r\n",
        b": a\r\n",
    ],
)
def test_a_request_that_two_parties_could_read_differently_is_400_and_the_last(
    server, call, framing
):
    call.say(HEAD + b"Content-Type: application/json\r\n" + framing + b"\r\n0\r\n\r\n" + SMUGGLED)
    answer = call.rest()
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert len(re.findall(rb"HTTP/1.1 \d", answer)) == 1
    assert server.get("/v1/bandits/colours")[0] == 200


@pytest.mark.parametrize("chunk", [b"-1", b"0x2", b"2 ;", b"2\n", b"ffffffffffffffff1", b"g"])
def test_a_chunk_whose_length_could_be_read_differently_is_400_and_the_last(server, call, chunk):
    head = HEAD + b"Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    call.say(head + chunk + b"\r\n{}\r\n0\r\n\r\n" + SMUGGLED)
    answer = call.rest()
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert len(re.findall(rb"HTTP/1.1 \d", answer)) == 1
    assert server.get("/v1/bandits/colours")[0] == 200


@pytest.mark.parametrize(
    "line",
    [
        b"CONNECT localhost:443 HTTP/1.1",
        b"OPTIONS * HTTP/1.1",
        b"GET //elsewhere.example/v1/bandits HTTP/1.1",
        b"GET /v1/../../etc/passwd HTTP/1.1",
        b"GET /v1/bandits/%2e%2e%2f%2e%2e HTTP/1.1",
        b"GET /v1/bandits/\xff HTTP/1.1",
        b"GET /%zz HTTP/1.1",
        b"GET  / HTTP/1.1",
        b"GET / HTTP/3.0",
        b"GET / HTTP/0.9",
        b"GET /",
        b"get / HTTP/1.1",
        b"TRACE / HTTP/1.1",
        b"PRI * HTTP/2.0",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    ],
)
def test_an_odd_request_line_is_refused_and_breaks_nothing(server, line):
    with Caller(server) as caller:
        caller.say(line + b"\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        answer = caller.rest()
    assert re.match(rb"HTTP/1.1 4\d\d ", answer) or line.startswith(b"OPTIONS")
    assert server.get("/health/live")[0] == 200


@pytest.mark.parametrize("to", [b"websocket", b"h2c"])
def test_a_connection_that_would_be_upgraded_is_answered_and_ends(hasty, to):
    with Caller(hasty) as caller:
        upgrade = b"Connection: Upgrade\r\nUpgrade: " + to + b"\r\nHost: localhost\r\n\r\n"
        caller.say(b"GET /health/live HTTP/1.1\r\n" + upgrade + SMUGGLED)
        answer = caller.rest()
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert len(re.findall(rb"HTTP/1.1 \d", answer)) == 1
    assert hasty.get("/v1/bandits/colours")[0] == 200
