"""What a hostile stranger sends: bytes that are almost HTTP, JSON that is almost a request.

Everything is drawn from a seed. Refuses to send anything: whoever draws it does.
"""

from __future__ import annotations

import json
import random

DEEP = 50_000
LARGE = 200_000

TEXTS = [
    "", " ", "\x00", "a\x00b", "\ud800", "\u202e", "é" * 150, "x" * 201, "x" * LARGE, "../../etc/passwd",
    "%00", "%2e%2e%2f", "{{7*7}}", "';--", "<script>", "null", "NaN", "-0", "1e999", "0x10", "١٢", "\r\nx: y",
    "🎲", "a" * 62 + "-", "home-banner", "true", "2026-11-22T10:00:00Z", "9999-12-31T23:59:60+24:00",
]  # fmt: skip
NUMBERS = [
    0,
    -0.0,
    -1,
    1,
    2**31,
    2**53 + 1,
    2**63,
    2**64,
    -(2**63) - 1,
    10**400,
    1e308,
    -1e308,
    5e-324,
]
ODD_JSON = [
    b"", b" ", b"{", b"[", b"nul", b"NaN", b"Infinity", b"-", b"1e999", b"1" * LARGE, b'"\\ud800"', b'"\xff"',
    b"\xef\xbb\xbf{}", '{"unit": "é"}'.encode("utf-16"), b"[" * DEEP, b'{"a":' * DEEP, b"[" * 33 + b"]" * 33,
    b'{"unit":"a","unit":"b"}', b'{"":{}}', b'{"requests":[' + b"{}," * 3000 + b"{}]}", b"\x00", b"{}{}", b"{} x",
    b'{"seed":1e400}', b'{"a":1,}', b"'single'", b"[]", b"null", b"true", b"0", b'""',
]  # fmt: skip
METHODS = [
    "GET",
    "POST",
    "PUT",
    "DELETE",
    "PATCH",
    "HEAD",
    "OPTIONS",
    "TRACE",
    "CONNECT",
    "QUERY",
    "BREW",
]
NO_HTTP = [
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(range(64)),
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    b"GET /\r\n", b"\r\n" * 100, b"\x00" * 1000, b"GET / HTTP/9.9\r\n\r\n", b"SSH-2.0-x\r\n", b"*1\r\n$4\r\nPING\r\n",
    b"GET /" + b"a" * LARGE + b" HTTP/1.1\r\nhost: localhost\r\n\r\n",
    b"GET / HTTP/1.1\r\n" + b"x: y\r\n" * 5000 + b"\r\n",
    b"GET / HTTP/1.1\r\nhost: localhost\r\nx: " + b"y" * LARGE + b"\r\n\r\n",
    b"GET / HTTP/1.1\r\nhost: localhost\r\n folded: y\r\n\r\n",
    b"GET / HTTP/1.1\r\nhost : x\r\n\r\n",
    b"GET / HTTP/1.1\nhost: x\n\n",
    b"GET http://elsewhere/v1/bandits HTTP/1.1\r\nhost: localhost\r\n\r\n",
    b"GET * HTTP/1.1\r\nhost: localhost\r\n\r\n",
    b"GET \xff\xfe HTTP/1.1\r\nhost: localhost\r\n\r\n",
    b"GET /%zz%f HTTP/1.1\r\nhost: localhost\r\n\r\n",
    b"POST /v1/events HTTP/1.1\r\nhost: localhost\r\ncontent-length: -5\r\n\r\n{}",
    b"POST /v1/events HTTP/1.1\r\nhost: localhost\r\ncontent-length: 99999999999999999999999\r\n\r\n{}",
    b"POST /v1/events HTTP/1.1\r\nhost: localhost\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\n{}x",
    b"POST /v1/events HTTP/1.1\r\nhost: localhost\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\nGET / HTTP/1.1\r\n\r\n",
    b"POST /v1/events HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\nffffffffffffffffff\r\n{}",
    b"POST /v1/events HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\n-1\r\n{}\r\n0\r\n\r\n",
    b"POST /v1/events HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: gzip\r\n\r\n{}",
    b"POST /v1/events HTTP/1.1\r\nhost: localhost\r\nexpect: 100-continue\r\ncontent-length: 2\r\ncontent-type: application/json\r\n\r\n{}",
    b"GET /v1/bandits HTTP/1.1\r\nhost: localhost\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n",
    b"GET /health/live HTTP/1.0\r\n\r\n",
    b"GET /health/live HTTP/1.1\r\nhost: localhost\r\n\r\n" * 50,
]  # fmt: skip


class Hostile:
    """Draws from a seed.

    Args:
        seed: the same one draws the same.
        paths: that a server has, with `{names}` in braces.
        bodies: that it would take.
        names: what a good path has in its braces, by name.
    """

    def __init__(self, seed, paths, bodies, names):
        self._random = random.Random(seed)
        self._paths, self._bodies, self._names = paths, bodies, names

    def sent(self):
        """The bytes of one connection."""
        kind = self._random.randrange(10)
        if kind == 0:
            return self._random.choice(NO_HTTP)
        whole = self._request()
        if kind == 1:
            return whole[: self._random.randrange(len(whole))]
        if kind == 2:
            return self._flipped(whole)
        return whole + (self._request() if kind == 3 else b"")

    def value(self, depth=4):
        """Plain data that is nothing in particular."""
        draw = self._random.randrange(8)
        if draw < 3 or not depth:
            return self._random.choice([*TEXTS, *NUMBERS, None, True, False])
        if draw < 5:
            return [self.value(depth - 1) for _ in range(self._random.randrange(4))]
        keys = ["name", "arms", "kind", "unit", "events", "id", *TEXTS[:12]]
        return {
            self._random.choice(keys): self.value(depth - 1)
            for _ in range(self._random.randrange(4))
        }

    def spoilt(self, value):
        """`value` with something of it exchanged, left out or added."""
        if self._random.random() < 0.15:
            return self.value()
        if isinstance(value, dict) and value:
            name = self._random.choice(list(value))
            rest = {key: one for key, one in value.items() if key != name}
            draw = self._random.random()
            if draw < 0.15:
                return rest
            if draw < 0.3:
                return {**value, self._random.choice(TEXTS): self.value()}
            return {**rest, name: self.spoilt(value[name])}
        if isinstance(value, list) and value:
            place = self._random.randrange(len(value))
            return [*value[:place], self.spoilt(value[place]), *value[place + 1 :]]
        return self.value()

    def _request(self):
        body = self._body()
        head = [
            f"{self._method()} {self._path()} HTTP/1.1".encode("utf-8", "surrogatepass"),
            b"host: localhost",
        ]
        if self._random.random() < 0.9:
            head.append(b"content-type: application/json")
        if self._random.random() < 0.3:
            text = self._random.choice(TEXTS).replace("\r\n", " ")[:5000]
            name = self._random.choice(["if-match", "authorization", "accept", "content-type", "x"])
            head.append(f"{name}: {text}".encode("utf-8", "surrogatepass").replace(b"\x00", b""))
        if self._random.random() < 0.1:
            chunks = b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body) if body else b"0\r\n\r\n"
            return b"\r\n".join([*head, b"transfer-encoding: chunked", b"", chunks])
        return b"\r\n".join([*head, b"content-length: %d" % len(body), b"", body])

    def _method(self):
        return self._random.choice([*METHODS, *["GET", "POST", "PUT"] * 15])

    def _path(self):
        path = self._random.choice(self._paths)
        for name, good in self._names.items():
            bad = self._random.random() < 0.3
            text = self._random.choice(TEXTS)[:3000] if bad else good
            path = path.replace(f"{{{name}}}", quoted(text, keep=self._random.random() < 0.2))
        if self._random.random() < 0.3:
            word = self._random.choice(
                ["limit", "before", "why", "after", "partial", "warm", "window", "size"]
            )
            path += f"?{word}={quoted(self._random.choice(TEXTS)[:3000], keep=False)}"
        return path

    def _body(self):
        draw = self._random.random()
        if draw < 0.1:
            return b""
        if draw < 0.3:
            return self._random.choice(ODD_JSON)
        body = self._random.choice(self._bodies)
        for _ in range(self._random.randrange(4)):
            body = self.spoilt(body)
        return json.dumps(body).encode("utf-8", "surrogatepass")

    def _flipped(self, whole):
        spoilt = bytearray(whole)
        for _ in range(1 + self._random.randrange(8)):
            spoilt[self._random.randrange(len(spoilt))] = self._random.randrange(256)
        return bytes(spoilt)


def quoted(text, *, keep):
    """`text` in a path, percent-encoded; or nearly as it is."""
    if keep:
        return text.replace(" ", "").replace("\r\n", "").replace("\x00", "")
    return "".join(f"%{byte:02x}" for byte in text.encode("utf-8", "surrogatepass"))
