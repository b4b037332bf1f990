"""`Address`: where a server is, what is there, and how long it may take.

Refuses what is no URL, no part of one and no time.
"""

from __future__ import annotations

import math
import os
from typing import NamedTuple
from urllib.parse import quote

import httpx2

from tamesu.base import InvalidInput
from tamesu.client.decided import Decided

KEY_VARIABLE = "TAMESU_KEY"
"""Holds the key of a client that was given none."""

_MOST_PORT = 65_535
_MOST_URL = 2_048


class Address(NamedTuple):
    """Where a server is.

    Attributes:
        url: as in `http://localhost:8000`, without a slash at its end.
        is_nearby: on this machine, where no proxy of the environment leads.
    """

    url: str
    is_nearby: bool

    @classmethod
    def parse(cls, url: str) -> Address:
        """The address that `url` names.

        Raises:
            InvalidInput: it is none.
        """
        try:
            parts = httpx2.URL(url.rstrip("/"))
        except (httpx2.InvalidURL, AttributeError, TypeError) as error:
            raise _bad(url) from error
        if parts.userinfo:
            raise InvalidInput(
                "url must not hold a password: it would stand in messages",
                hint="give the secret as key=, or in TAMESU_KEY",
            )
        host = parts.host
        if (
            len(url) > _MOST_URL
            or not host
            or parts.scheme not in ("http", "https")
            or (parts.port or 0) > _MOST_PORT
        ):
            raise _bad(url)
        return cls(url.rstrip("/"), host in ("localhost", "127.0.0.1", "::1"))


def authorized(key: str | None) -> dict[str, str]:
    """The headers by which a server knows a caller; none without a key.

    Args:
        key: the secret; that of TAMESU_KEY without one.

    Raises:
        InvalidInput: it cannot stand in a header. It is not repeated.
    """
    secret = os.environ.get(KEY_VARIABLE, "").strip() if key is None else key
    if not isinstance(secret, str) or not (secret.isascii() and secret.isprintable()):
        raise InvalidInput(
            "a key must be printable ASCII, the one given is not",
            hint="it is the line that  tamesu keys add  printed, without its end",
        )
    return {"authorization": f"Bearer {secret}"} if secret else {}


def timeout_of(seconds: float) -> float:
    """The seconds that a call may take.

    Raises:
        InvalidInput: they are none.
    """
    if not isinstance(seconds, int | float) or not 0 < seconds < math.inf:
        raise InvalidInput(f"timeout must be a positive number of seconds, got {seconds!r}")
    return float(seconds)


def segment(text: str) -> str:
    """`text` as one segment of a path; dots alone are encoded, or they would lead out of it.

    Raises:
        InvalidInput: it is no text, or an empty one: a path without it is another path.
    """
    if not isinstance(text, str) or not text:
        got = "an empty one" if text == "" else type(text).__name__
        raise InvalidInput(
            f"a bandit's name, a decision's id and a unit must be text, got {got}",
            hint="for a decision d: d.decision_id" if isinstance(text, Decided) else "",
        )
    if not text.strip("."):
        return text.replace(".", "%2E")
    return quote(text, safe="", errors="replace")


def _bad(url: object) -> InvalidInput:
    return InvalidInput(f"url must be like http://localhost:8000, got {str(url)[:200]!r}")
