"""Errors as `application/problem+json` (RFC 9457).

`type`, `title`, `status`, `code`, `detail`, `hint`, and the facts of the error beside them. Refuses to
show a stack trace: what is not our error becomes a `Bug` with a reference into the server's own
messages.
"""

from __future__ import annotations

import math
from typing import Any

import msgspec

from tamesu.base import HTTP_STATUS, Bug, TamesuError, Unavailable, Unidentified
from tamesu.base.shapes import to_wire

MEDIA_TYPE = b"application/problem+json"
RESERVED = ("type", "title", "status", "code", "detail", "hint")

_encode = msgspec.json.Encoder(enc_hook=to_wire).encode


def status_of(error: TamesuError) -> int:
    """The HTTP status of an error: its own fact `status` if it has one, else its class's."""
    own = error.facts.get("status")
    if own is not None:
        return int(own)
    return next(HTTP_STATUS[kind] for kind in type(error).__mro__ if kind in HTTP_STATUS)


def problem(error: TamesuError) -> tuple[int, bytes, list[tuple[bytes, bytes]]]:
    """Status, body and headers that tell `error`."""
    status = status_of(error)
    body: dict[str, Any] = {
        "type": f"urn:tamesu:error:{error.code}",
        "title": error.code.replace("-", " ").capitalize(),
        "status": status,
        "code": error.code,
        "detail": error.message,
        "hint": error.hint,
    }
    body |= {name: fact for name, fact in error.facts.items() if name not in RESERVED}
    headers: list[tuple[bytes, bytes]] = []
    if isinstance(error, Unavailable):
        body["retry_after_s"] = error.retry_after_s
        headers.append((b"retry-after", b"%d" % max(1, math.ceil(error.retry_after_s))))
    if isinstance(error, Unidentified):
        headers.append((b"www-authenticate", b"Bearer"))
    return status, _encode(body), headers


def bug(reference: str) -> Bug:
    """The error for a caller who met a mistake of ours."""
    return Bug(
        "the server made a mistake",
        hint=f"please report it with reference {reference}, which stands in the server's messages",
        reference=reference,
    )
