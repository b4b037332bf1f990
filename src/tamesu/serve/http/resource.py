"""`Resource`: one path and what each method does there, as a plain ASGI application.

No middleware and no request object stand between the server and a handler. Every way to fail ends as
a problem: a wrong method, a body that is too large or no JSON, and whatever a handler raises.
Refuses to let a body grow beyond its limit, however it is sent; how long it may take is the connection's.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import Awaitable, Callable, Mapping
from typing import NamedTuple

import structlog
from starlette.types import Receive, Scope, Send

from tamesu.base import (
    Denied,
    InvalidInput,
    NotFound,
    TamesuError,
    TooLarge,
    WrongMediaType,
)
from tamesu.ports import Meter
from tamesu.serve.core.trace import trace
from tamesu.serve.http.problem import MEDIA_TYPE, bug, problem

MAX_BODY = 1 << 20
"""Most bytes of a body."""

MAX_ARMS_BODY = 32 << 20
"""Most bytes of a body that lists a bandit's arms."""

DRAIN_S = 1.0
"""Longest time for which the rest of a refused body is read and thrown away."""

JSON = b"application/json"
_CLOSE = (b"connection", b"close")
_log = structlog.get_logger("tamesu.serve.http")


class Answer(NamedTuple):
    """What a handler gives back."""

    body: bytes
    status: int = 200
    media_type: bytes = JSON
    headers: tuple[tuple[bytes, bytes], ...] = ()


Handler = Callable[[Scope, bytes], Awaitable[Answer]]
"""A method of a resource: scope and body in, answer out."""


class ClientGone(Exception):
    """The client went away before its body was complete."""


class Resource:
    """One path.

    Args:
        methods: handler per method; GET also answers HEAD.
        meter: takes `refused_total`.
        most: bytes of a body.
        admit: lets a caller through, or raises; everybody without one.
    """

    def __init__(
        self,
        methods: Mapping[str, Handler],
        meter: Meter,
        *,
        most: int = MAX_BODY,
        admit: Callable[[Scope], object] | None = None,
    ) -> None:
        self._methods = dict(methods)
        if "GET" in methods:
            self._methods["HEAD"] = methods["GET"]
        self._allowed = ", ".join(sorted({*self._methods, "OPTIONS"}))
        self._meter = meter
        self._most = most
        self._admit = admit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request."""
        try:
            answer = await self._answer(scope, receive)
        except TamesuError as error:
            answer = self._problem(error)
        except ClientGone:
            return
        except Exception as error:  # noqa: BLE001 - every way to fail ends as a problem
            reference = secrets.token_hex(6)
            _log.error("a handler failed", reference=reference, trace=trace(error))
            answer = self._problem(bug(reference))
        body, status, media_type, more = answer
        await send(
            {
                "type": "http.response.start",
                "status": status,
                "headers": [
                    (b"content-type", media_type),
                    (b"content-length", b"%d" % len(body)),
                    *more,
                ],
            }
        )
        if scope["method"] == "HEAD":
            body = b""
        if _CLOSE in more:
            # Closing at once on a client that still sends would reset what it has not yet read.
            await send({"type": "http.response.body", "body": body, "more_body": True})
            await _drain(receive)
            body = b""
        await send({"type": "http.response.body", "body": body})

    async def _answer(self, scope: Scope, receive: Receive) -> Answer:
        method = scope["method"]
        handler = self._methods.get(method)
        if handler is None:
            return self._other(method)
        if self._admit is not None:
            self._admit(scope)
        if method in ("POST", "PUT", "PATCH"):
            return await handler(scope, await read_body(scope, receive, self._most))
        return await handler(scope, b"")

    def _other(self, method: str) -> Answer:
        allow = ((b"allow", self._allowed.encode()),)
        if method == "OPTIONS":
            return Answer(b'{"allowed":"%s"}' % self._allowed.encode(), headers=allow)
        refusal = self._problem(
            InvalidInput(
                f"this path takes {self._allowed}, got {method}",
                status=405,
                allowed=self._allowed,
            )
        )
        return refusal._replace(headers=(*refusal.headers, *allow))

    def _problem(self, error: TamesuError) -> Answer:
        status, body, headers = problem(error)
        self._meter.count("refused_total", code=error.code)
        if isinstance(error, TooLarge | WrongMediaType | Denied):
            # The rest of the body was not read: this connection cannot carry another request.
            headers.append(_CLOSE)
        return Answer(body, status, MEDIA_TYPE, tuple(headers))


class Missing(Resource):
    """What answers where no path fits."""

    def __init__(self, meter: Meter) -> None:
        super().__init__({}, meter)

    async def _answer(self, scope: Scope, receive: Receive) -> Answer:  # noqa: ARG002 - as its parent
        raise NotFound(
            f"no such path: {scope['path'][:200]!r}",
            hint="paths start with /v1, /health or /metrics",
        )


async def read_body(scope: Scope, receive: Receive, most: int = MAX_BODY) -> bytes:
    """The whole body.

    Raises:
        WrongMediaType: there is one, and it is not declared as JSON.
        TooLarge: more than `most` bytes, declared or sent.
    """
    media_type = None
    for name, value in scope["headers"]:
        if name == b"content-type":
            media_type = value
        elif name == b"content-length" and int(value) > most:
            raise _too_large(most)
    message = await receive()
    if message["type"] == "http.disconnect":
        raise ClientGone
    body: bytes = message.get("body", b"")
    more = message.get("more_body", False)
    if media_type != JSON and (body or more):
        _check_media_type(media_type)
    if not more:
        if len(body) > most:
            raise _too_large(most)
        return body
    return await _read_rest(body, receive, most)


async def _read_rest(body: bytes, receive: Receive, most: int) -> bytes:
    parts = [body]
    size = len(body)
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGone
        part = message.get("body", b"")
        parts.append(part)
        size += len(part)
        if size > most:
            raise _too_large(most)
        more = message.get("more_body", False)
    return b"".join(parts)


async def _drain(receive: Receive) -> None:
    """Reads and forgets what a client still sends, for a while."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(DRAIN_S):
            while (await receive()).get("more_body", False):
                pass


def _too_large(most: int) -> TooLarge:
    return TooLarge(
        f"a body may have {most:,} bytes, got more",
        hint="send smaller batches",
        limit_bytes=most,
    )


def _check_media_type(media_type: bytes | None) -> None:
    kind, _, parameters = (media_type or b"").partition(b";")
    charset = parameters.strip().lower().replace(b'"', b"")
    if kind.strip().lower() != JSON or charset not in (b"", b"charset=utf-8"):
        got = "none" if media_type is None else repr(media_type[:80].decode("latin-1"))
        raise WrongMediaType(
            f"the body must be application/json in UTF-8, got content type {got}",
            hint="send the header  Content-Type: application/json",
        )
