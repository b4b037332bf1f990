"""Logs in files as something to judge policies by. Refuses to know their forms: that is `tamesu.cli.exchange`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from tamesu.base import InvalidInput
from tamesu.cli.evaluate.candidates import ARM, UNIFORM, function_of
from tamesu.cli.evaluate.source import Case, Source, of_rounds
from tamesu.cli.exchange.reading import read_file
from tamesu.evaluate import Evenly, Slates


def read_log(path: Path) -> Source:
    """The log in `path`; raises as `read_file`."""
    found = read_file(path)
    log = found.rounds
    if isinstance(log, Slates):
        return Source(about=str(path), case=_of_slates(log, found.left))
    case = of_rounds(log, found.left, found.names)
    return Source(about=str(path), case=case, names=found.names)


def _of_slates(slates: Slates, left_out: Mapping[str, int]) -> Callable[[str], Case]:
    """Gives cases of a log that says no more than its slates."""

    def case(name: str) -> Case:
        if name != UNIFORM and (name.startswith(ARM) or ":" not in name):
            raise InvalidInput(
                f"no policy of slates is known by {name!r} here",
                hint="say uniform, or module:function, which gives how likely each arm is, given those above",
            )
        target: Any = Evenly().placed if name == UNIFORM else function_of(name)
        return Case(policy=name, rounds=slates, target=target, left_out=left_out)

    return case
