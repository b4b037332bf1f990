"""A client for commands that speak to a server. Refuses to guess where it is beyond the settings."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from tamesu.client import Client

PATIENCE_S = 10.0
"""Longest wait for an answer, retries included: somebody sits before the terminal."""

LOOK_S = 2.0
"""Longest wait to learn whether anything listens there at all."""


def connect(url: str | None, patience_s: float = PATIENCE_S) -> Client:
    """A client of the server at `url`, or of the one that the settings name.

    Args:
        url: where it answers.
        patience_s: longest wait for an answer, retries included.

    Raises:
        InvalidInput: settings or URL that cannot be.
        Unavailable: nothing answers there.
    """
    from tamesu.base import Unavailable
    from tamesu.client import Client

    if url is None:
        from tamesu.wiring import load_settings

        url = load_settings().url
    client = Client(url, timeout=patience_s)
    if _is_refused(url):
        client.close()
        raise Unavailable(
            f"a Tamesu server must answer at {url}, none does",
            hint="start one:  tamesu serve  (or say where it is:  --url URL)",
            url=url,
        )
    return client


def _is_refused(url: str) -> bool:
    """Whether `url` is of this machine and nothing listens there: no use in trying again."""
    parts = urlsplit(url)
    if parts.hostname not in ("localhost", "127.0.0.1", "::1"):
        return False
    try:
        socket.create_connection((parts.hostname, parts.port or 80), LOOK_S).close()
    except ConnectionRefusedError:
        return True
    except (OSError, ValueError):
        return False
    return False
