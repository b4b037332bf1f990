"""A client for commands that speak to a server. Refuses to guess where it is beyond the settings."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tamesu.client import Client

PATIENCE_S = 10.0


def connect(url: str | None) -> Client:
    """A client of the server at `url`, or of the one that the settings name.

    Raises:
        InvalidInput: settings or URL that cannot be.
    """
    from tamesu.client import Client

    if url is None:
        from tamesu.wiring import load_settings

        url = load_settings().url
    return Client(url, timeout=PATIENCE_S)
