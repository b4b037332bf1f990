"""Sends every example of the API once more, to a server of its own, and writes down what it answers.

Run by `make examples`. A new example is written into `examples.json` by hand, without its answer; ids
that it takes from an answer before it are those that stand there, and are exchanged for new ones on the
way. A test sends them too, and compares.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import re
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import msgspec

from tamesu.serve.http.openapi import OPERATIONS
from tamesu.serve.http.openapi.examples import Example, story

FILE = Path(__file__).resolve().parent.parent / "src/tamesu/serve/http/openapi/examples.json"
PATIENCE_S = 30.0
"""Longest wait for an answer that an example asks for again."""

_ID = re.compile(r"[0-9a-f]{32}")
_OPERATIONS = {one.id: one for one in OPERATIONS}


def main() -> int:
    """Writes every answer anew."""
    with served() as port:
        told = list(retold(port))
    FILE.write_bytes(msgspec.json.format(msgspec.json.encode(told), indent=1) + b"\n")
    print(f"{FILE.name}: {len(told)} examples")
    return 0


def retold(port: int) -> Iterator[Example]:
    """Each example with what the server on `port` answers now."""
    renamed: dict[str, str] = {}
    for one in story():
        now = msgspec.structs.replace(
            one,
            parameters=_renamed(one.parameters, renamed),
            body=_renamed(one.body, renamed),
        )
        status, answer = _answered(port, now)
        _rename(one.answer, answer, renamed)
        yield msgspec.structs.replace(now, status=status, answer=answer)


@contextlib.contextmanager
def served() -> Iterator[int]:
    """The port of a server and a trainer over an empty folder."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        process = subprocess.Popen(
            [sys.executable, "-m", "tamesu", "serve", "--data", folder, "--port", str(port)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            _await(port)
            yield port
        finally:
            process.terminate()
            process.wait(30)


def _await(port: int) -> None:
    end = time.monotonic() + PATIENCE_S
    while True:
        with contextlib.suppress(OSError):
            if _call(port, "get", "/health/ready", None, {})[0] == http.client.OK:
                return
        assert time.monotonic() < end, "the server did not start"
        time.sleep(0.05)


def _answered(port: int, one: Example) -> tuple[int, Any]:
    operation = _OPERATIONS[one.operation]
    path, query, headers = operation.path, {}, {}
    places = {parameter.name: parameter.place for parameter in operation.parameters}
    for name, value in one.parameters.items():
        if places.get(name) == "header":
            headers[name] = value
        elif name in places:
            query[name] = json.dumps(value) if isinstance(value, bool) else value
        else:
            path = path.replace(f"{{{name}}}", quote(str(value), safe=""))
    if query:
        path += "?" + urlencode(query)
    end = time.monotonic() + PATIENCE_S
    while True:
        status, answer = _call(port, operation.method, path, one.body, headers)
        if one.until is None or answer[one.until[0]] >= one.until[1]:
            return status, answer
        assert time.monotonic() < end, f"{one.operation} ({one.title}) did not come to {one.until}"
        time.sleep(0.05)


def _call(port: int, method: str, path: str, body: Any, headers: dict[str, str]) -> tuple[int, Any]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        sent = None if body is None else json.dumps(body).encode()
        if sent is not None:
            headers = {"content-type": "application/json", **headers}
        connection.request(method.upper(), path, sent, headers)
        answer = connection.getresponse()
        got = answer.read()
        is_json = "json" in answer.getheader("content-type", "")
        return answer.status, json.loads(got) if is_json else None
    finally:
        connection.close()


def _renamed(value: Any, renamed: dict[str, str]) -> Any:
    if isinstance(value, str):
        return _ID.sub(lambda found: renamed.get(found[0], found[0]), value)
    if isinstance(value, list):
        return [_renamed(one, renamed) for one in value]
    if isinstance(value, dict):
        return {name: _renamed(one, renamed) for name, one in value.items()}
    return value


def _rename(then: Any, now: Any, renamed: dict[str, str]) -> None:
    """Notes which id in an answer of then is which of now."""
    if isinstance(then, str) and isinstance(now, str):
        renamed |= zip(_ID.findall(then), _ID.findall(now), strict=False)
    elif isinstance(then, list) and isinstance(now, list):
        for one, other in zip(then, now, strict=False):
            _rename(one, other, renamed)
    elif isinstance(then, dict) and isinstance(now, dict):
        for name in then.keys() & now.keys():
            _rename(then[name], now[name], renamed)


if __name__ == "__main__":
    sys.exit(main())
