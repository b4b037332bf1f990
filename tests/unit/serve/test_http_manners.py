"""HTTP itself: methods, media types, limits, and what a broken body is told."""

import http.client
import json
import socket
from urllib.parse import quote

import pytest

from tamesu.base import HTTP_STATUS, Bug, Denied, InvalidInput, TamesuError, Unavailable
from tamesu.serve.http import listen
from tamesu.serve.http.problem import problem

PATH = "/v1/bandits/colours/decisions"
MIB = 1 << 20


def raw(server, data, *, chunks=()):
    """The whole answer to raw bytes, until the server closes."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        connection.sendall(data)
        try:
            for chunk in chunks:
                connection.sendall(chunk)
        except (BrokenPipeError, ConnectionResetError):
            pass  # it was refused before it was all sent
        answer = b""
        try:
            while part := connection.recv(65536):
                answer += part
        except ConnectionResetError:
            pass
    return answer


def test_a_problem_is_told_as_problem_json(server):
    status, body, headers = server.call("GET", "/v1/bandits/nobody")
    assert status == 404
    assert headers["content-type"] == "application/problem+json"
    assert {"type", "title", "status", "code", "detail", "hint", "bandit"} == set(body)
    assert body["type"] == "urn:tamesu:error:not-found"
    assert body["title"] == "Not found"


@pytest.mark.parametrize("kind", HTTP_STATUS)
def test_every_error_has_its_status_and_code(kind: type[TamesuError]):
    status, body, headers = problem(kind("what must hold", hint="what to do", fact=1))
    told = json.loads(body)
    assert (status, told["status"], told["code"]) == (HTTP_STATUS[kind],) * 2 + (kind.code,)
    assert (told["detail"], told["hint"], told["fact"]) == ("what must hold", "what to do", 1)
    assert dict(headers).get(b"retry-after") == (b"1" if issubclass(kind, Unavailable) else None)


def test_another_method_is_405_with_what_is_allowed(server):
    for method in ("PUT", "DELETE", "PATCH"):
        status, body, headers = server.call(method, "/v1/bandits", {})
        assert status == 405
        assert headers["allow"] == "GET, HEAD, OPTIONS, POST"
        assert headers["content-type"] == "application/problem+json"
        assert method in body["detail"]
    assert server.call("GET", PATH)[0] == 405


def test_head_is_get_without_the_body(server):
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    connection.request("HEAD", "/v1/bandits")
    answer = connection.getresponse()
    assert (answer.status, answer.read()) == (200, b"")
    assert int(answer.headers["content-length"]) > 0
    connection.close()


def test_options_says_what_is_allowed(server):
    status, body, headers = server.call("OPTIONS", PATH)
    assert (status, body["allowed"], headers["allow"]) == (200, *["OPTIONS, POST"] * 2)


@pytest.mark.parametrize("path", ["/", "/v1", "/v1/bandits/", "/v2/bandits", "/docs/../x", "/%00"])
def test_an_unknown_path_is_404(server, path):
    status, body, headers = server.call("GET", path)
    assert (status, body["code"]) == (404, "not-found")
    assert headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    "media_type",
    ["text/plain", "application/x-www-form-urlencoded", "application/json; charset=latin-1", ""],
)
def test_another_media_type_is_415(server, media_type):
    status, body = server.post(PATH, raw=b"{}", headers={"content-type": media_type})
    assert (status, body["code"]) == (415, "wrong-media-type")


@pytest.mark.parametrize(
    "media_type",
    ["application/json", "Application/JSON", 'application/json; charset="UTF-8"'],
)
def test_json_in_utf_8_is_taken_however_it_is_spelt(server, media_type):
    assert server.post(PATH, raw=b"{}", headers={"content-type": media_type})[0] == 200


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"nonsense",
        b'{"unit": NaN}',
        b'{"unit": "a"} x',
        b'{"unit": "\xff"}',
        b'{"unit": "\\ud800"}',
        b"\xef\xbb\xbf{}",
        b"\x00",
        b'{"context": {"a": Infinity}}',
        b'{"context": {"a": 1e999}}',
    ],
)
def test_what_is_no_json_is_400(server, body):
    for path in (PATH, "/v1/events", "/v1/bandits", f"{PATH}/batch"):
        status, told = server.post(path, raw=body)
        assert (status, told["code"]) == (400, "invalid-input"), path


def test_an_empty_body_is_400_where_something_must_be_said(server):
    for path in ("/v1/events", "/v1/bandits", f"{PATH}/batch"):
        status, told = server.post(path)
        assert status in (400, 415), path
        status, told = server.post(path, raw=b"")
        assert (status, told["detail"]) == (400, "the body must be JSON, it is empty"), path


def test_a_key_that_stands_twice_is_refused_by_name(server):
    status, told = server.post(PATH, raw=b'{"eligible":["red"],"eligible":["blue"]}')
    assert (status, told["field"]) == (400, "eligible")
    assert "'eligible' stands twice" in told["detail"]


@pytest.mark.parametrize("levels", [33, 500, 100_000])
@pytest.mark.parametrize("marks", ["[]", "{}"])
def test_deep_nesting_is_413(server, levels, marks):
    opening = b"[" if marks == "[]" else b'{"a":'
    closing = marks[1].encode()
    deep = opening * levels + b"1" + closing * levels
    for path in (PATH, "/v1/events", "/v1/bandits"):
        status, told = server.post(path, raw=b'{"context":{"a":' + deep + b"}}")
        assert (status, told["code"]) == (413, "too-large"), path


def test_nesting_within_the_limit_is_judged_for_what_it_says(server):
    deep = b"[" * 30 + b"]" * 30
    status, told = server.post(PATH, raw=b'{"context":{"a":' + deep + b"}}")
    assert (status, told["code"]) == (400, "invalid-input")
    assert "declares no context" in told["detail"]


def test_a_body_over_a_mebibyte_is_413(server):
    at_most = b'{"events":[]}' + b" " * (MIB - 13)
    assert server.post("/v1/events", raw=at_most)[0] == 400
    status, told = server.post("/v1/events", raw=at_most + b" ")
    assert (status, told["code"], told["limit_bytes"]) == (413, "too-large", MIB)


def test_a_client_that_sends_on_still_reads_why_it_was_refused(server):
    """Ten times the limit, and a wrong media type: the whole answer, no reset."""
    for _ in range(5):
        status, told = server.post("/v1/events", raw=b" " * (10 * MIB))
        assert (status, told["code"]) == (413, "too-large")
        wrong = {"content-type": "text/plain"}
        status, told = server.post("/v1/events", raw=b" " * (4 * MIB // 5), headers=wrong)
        assert (status, told["code"]) == (415, "wrong-media-type")


def test_a_declared_length_over_the_limit_is_refused_before_it_is_sent(server):
    head = (
        f"POST {PATH} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        f"Content-Length: {10 * MIB}\r\n\r\n"
    )
    answer = raw(server, head.encode())
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"connection: close" in answer.lower()


def test_chunks_without_a_length_are_counted(server):
    head = (
        f"POST {PATH} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        "Transfer-Encoding: chunked\r\n\r\n"
    ).encode()
    chunk = b"10000\r\n" + b" " * 65536 + b"\r\n"
    answer = raw(server, head, chunks=[*[chunk] * 24, b"0\r\n\r\n"])
    assert answer.startswith(b"HTTP/1.1 413 ")
    close = b"Connection: close\r\n\r\n"
    small = raw(server, head[:-2] + close + b"2\r\n{}\r\n0\r\n\r\n")
    assert small.startswith(b"HTTP/1.1 200 ")
    assert server.post(PATH, {})[0] == 200


@pytest.mark.parametrize(
    "data",
    [
        b"nonsense\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: abc\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
    ],
)
def test_what_is_no_http_is_refused_and_the_server_goes_on(server, data):
    """As a problem, like all that is refused."""
    head, _, body = raw(server, data).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400 ")
    assert b"\r\ncontent-type: application/problem+json" in head
    assert f"content-length: {len(body)}".encode() in head
    assert json.loads(body)["status"] == 400
    assert server.get("/health/live") == (200, {"live": True})


def test_a_request_that_cannot_be_read_says_so_and_is_counted(server):
    body = raw(server, b"NONSENSE / HTTP/9.9\r\n\r\n").partition(b"\r\n\r\n")[2]
    problem = json.loads(body)
    assert (problem["status"], problem["code"]) == (400, "invalid-input")
    assert "must be HTTP" in problem["detail"]
    assert server.meter.value("refused_total", code="invalid-input") == 1


def test_a_client_that_goes_away_in_the_middle_leaves_nothing(server):
    head = f"POST {PATH} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    with socket.create_connection(("127.0.0.1", server.port)) as connection:
        connection.sendall(f"{head}Content-Length: 100\r\n\r\n{{".encode())
    assert server.post(PATH, {})[0] == 200
    assert len(server.entries("decision")) == 1


def test_a_mistake_of_ours_is_500_without_a_trace(server):
    def fails(*_):
        raise ZeroDivisionError("a secret")

    server.service.control.bandits = fails
    status, told, headers = server.call("GET", "/v1/bandits")
    assert (status, told["code"]) == (500, Bug.code)
    assert headers["content-type"] == "application/problem+json"
    assert "secret" not in json.dumps(told)
    assert "Zero" not in json.dumps(told)
    assert len(told["reference"]) == 12


def test_only_loopback_is_listened_on():
    for host in ("0.0.0.0", "192.168.0.1", "::", "8.8.8.8"):
        with pytest.raises(Denied, match="loopback only"):
            listen(host, 0)
    with pytest.raises(InvalidInput, match="address or localhost"):
        listen("example.org", 0)
    for host in ("127.0.0.1", "localhost", "127.0.0.2"):
        listen(host, 0).close()


def test_a_taken_port_is_named_with_what_to_do(server):
    with pytest.raises(Unavailable, match=f"port {server.port} on 127.0.0.1 must be free") as told:
        listen("127.0.0.1", server.port)
    assert "--port" in told.value.hint
    assert told.value.exit_code == 1


@pytest.mark.parametrize("slash", ["%2F", "%2f"])
def test_an_encoded_slash_is_part_of_a_name_and_leads_nowhere(server, slash):
    before = server.call("GET", "/v1/bandits/colours/arms")[1]
    for method, name in [("DELETE", "colours/arms/red"), ("POST", "colours/freeze"), ("GET", "/é")]:
        path = f"/v1/bandits/{quote(name).replace('/', slash)}"
        status, body, _ = server.call(method, path)
        if method == "POST":
            assert status == 405
        else:
            assert (status, body["code"]) == (404, "not-found")
            assert body["bandit"].replace("%2F", "/") == name
    assert server.call("GET", "/v1/bandits/colours/arms")[1] == before
