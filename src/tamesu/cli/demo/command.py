"""The command."""

from __future__ import annotations

from tamesu.cli.options import Json


def demo(*, json: Json = False) -> None:
    """Watch a bandit learn from real clicks, through real processes, in about a minute."""
    raise NotImplementedError
