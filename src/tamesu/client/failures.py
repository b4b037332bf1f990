"""What a server refused, as the error it meant.

A problem says its code; the class of Tamesu's error tree with that code is raised, with the same
message, hint and facts. Refuses to guess beyond the status where an answer is no problem.
"""

from __future__ import annotations

from typing import Any

import msgspec

from tamesu.base import (
    Backpressure,
    Bug,
    Conflict,
    Denied,
    InvalidInput,
    NotFound,
    TamesuError,
    TooLarge,
    Unavailable,
)

_TOLD = frozenset({"type", "title", "status", "code", "detail", "hint"})
_BY_STATUS: dict[int, type[TamesuError]] = {
    401: Denied,
    403: Denied,
    404: NotFound,
    409: Conflict,
    413: TooLarge,
    429: Backpressure,
    502: Unavailable,
    503: Unavailable,
    504: Unavailable,
}


def failure(status: int, body: bytes, retry_after: str | None) -> TamesuError:
    """The error that an answer with a status of 400 or more stands for.

    Args:
        status: of HTTP.
        body: the answer's bytes.
        retry_after: the header of that name, in seconds.
    """
    try:
        told = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        told = None
    if not isinstance(told, dict) or not isinstance(told.get("code"), str):
        return _untold(status, retry_after)
    kind = _by_code().get(told["code"]) or _by_status(status)
    facts: dict[str, Any] = {str(name): fact for name, fact in told.items() if name not in _TOLD}
    wait = facts.pop("retry_after_s", None)
    if issubclass(kind, Unavailable):
        facts["retry_after_s"] = wait if isinstance(wait, int | float) else _seconds(retry_after)
    message = str(told.get("detail", f"the server answered {status}"))
    facts.pop("message", None)
    return kind(message, hint=str(told.get("hint", "")), **facts)


def _untold(status: int, retry_after: str | None) -> TamesuError:
    kind = _by_status(status)
    message = f"the server answered {status}, not as Tamesu does"
    hint = "see that the URL is a Tamesu server's"
    if issubclass(kind, Unavailable):
        return kind(message, hint=hint, retry_after_s=_seconds(retry_after))
    return kind(message, hint=hint)


def _by_status(status: int) -> type[TamesuError]:
    return _BY_STATUS.get(status) or (Bug if status >= 500 else InvalidInput)  # noqa: PLR2004 - HTTP


def _by_code() -> dict[str, type[TamesuError]]:
    """Every class of the tree by its code, the plug-ins' own included."""
    kinds = [TamesuError]
    for kind in kinds:
        kinds.extend(kind.__subclasses__())
    return {kind.code: kind for kind in kinds}


def _seconds(retry_after: str | None) -> float:
    text = retry_after or ""
    return float(text) if text.isdecimal() else 0.0
