"""Logs in files as something to judge policies by. Refuses to know their forms: that is `tamesu.cli.exchange`."""

from __future__ import annotations

from pathlib import Path

from tamesu.cli.evaluate.source import Source, of_rounds
from tamesu.cli.exchange.reading import read_rounds


def read_log(path: Path) -> Source:
    """The log in `path`; raises as `read_rounds`."""
    found = read_rounds(path)
    return Source(about=str(path), case=of_rounds(found.rounds, found.left))
