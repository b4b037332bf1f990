"""What a server refused, as the error it meant.

A problem says its code; the class of Tamesu's error tree with that code is raised, with the same
message, hint and facts. Refuses to guess beyond the status where an answer is no problem.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Any

import msgspec

from tamesu.base import (
    Backpressure,
    Bug,
    Conflict,
    Denied,
    InvalidInput,
    NotFound,
    NumberMissing,
    Outdated,
    TamesuError,
    TooLarge,
    Unavailable,
    Unidentified,
)

_TOLD = frozenset({"type", "title", "status", "code", "detail", "hint"})
_BY_STATUS: dict[int, type[TamesuError]] = {
    401: Unidentified,
    403: Denied,
    404: NotFound,
    409: Conflict,
    412: Outdated,
    413: TooLarge,
    428: NumberMissing,
    429: Backpressure,
    502: Unavailable,
    503: Unavailable,
    504: Unavailable,
}


def failure(status: int, body: bytes, retry_after: str | None) -> TamesuError:
    """The error that an answer stands for which does not say that it is done.

    Args:
        status: of HTTP.
        body: the answer's bytes.
        retry_after: the header of that name, in seconds or as a date.
    """
    try:
        told = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        told = None
    if not isinstance(told, dict) or not isinstance(told.get("code"), str):
        return foreign(status, retry_after)
    kind = _by_code().get(told["code"]) or _by_status(status)
    facts: dict[str, Any] = {str(name): fact for name, fact in told.items() if name not in _TOLD}
    wait = facts.pop("retry_after_s", None)
    if issubclass(kind, Unavailable):
        told_s = float(wait) if isinstance(wait, int | float) else _seconds(retry_after)
        facts["retry_after_s"] = max(0.0, told_s)
    message = str(told.get("detail", f"the server answered {status}"))
    for name in ("message", "self"):  # what a class calls its own arguments
        facts.pop(name, None)
    return kind(message, hint=str(told.get("hint", "")), **facts)


def foreign(status: int, retry_after: str | None = None) -> TamesuError:
    """The error for an answer that is none of a Tamesu server's, to judge by its status alone."""
    kind = _by_status(status)
    message = f"the server answered {status}, not as Tamesu does"
    hint = "see that the URL is a Tamesu server's"
    if issubclass(kind, Unavailable):
        return kind(message, hint=hint, retry_after_s=_seconds(retry_after))
    return kind(message, hint=hint)


def _by_status(status: int) -> type[TamesuError]:
    return _BY_STATUS.get(status) or (InvalidInput if 400 <= status < 500 else Bug)  # noqa: PLR2004 - HTTP


def _by_code() -> dict[str, type[TamesuError]]:
    """Every class of the tree by its code, the plug-ins' own included."""
    kinds = [TamesuError]
    for kind in kinds:
        kinds.extend(kind.__subclasses__())
    return {kind.code: kind for kind in kinds}


def error_of(told: Mapping[str, Any]) -> type[TamesuError]:
    """The class of the error that a refused member of a batch names by its `code`."""
    return _by_code().get(str(told.get("code")), TamesuError)


def told_error(told: Mapping[str, Any], **facts: Any) -> TamesuError:
    """The error that is told as `{code, detail, hint}`, with these facts."""
    return error_of(told)(str(told.get("detail")), hint=str(told.get("hint", "")), **facts)


def _seconds(retry_after: str | None) -> float:
    """Seconds to wait, from a number of them or a date (RFC 9110); 0 where it is neither."""
    text = retry_after or ""
    if text.isdecimal():
        return float(text)
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - time.time())
    except (ValueError, OverflowError):
        return 0.0
