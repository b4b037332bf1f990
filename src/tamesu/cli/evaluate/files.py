"""Logs in files as something to judge policies by. Refuses to know their forms: that is `tamesu.cli.exchange`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tamesu.base import InvalidInput
from tamesu.cli.evaluate.candidates import UNIFORM, function_of
from tamesu.cli.evaluate.source import Case, Source, of_rounds
from tamesu.cli.exchange.reading import read_file
from tamesu.evaluate import Slates


def read_log(path: Path) -> Source:
    """The log in `path`; raises as `read_file`."""
    found = read_file(path)
    log = found.rounds
    case = _of_slates(log, found.left) if isinstance(log, Slates) else of_rounds(log, found.left)
    return Source(about=str(path), case=case)


def _of_slates(slates: Slates, left_out: Mapping[str, int]) -> Callable[[str], Case]:
    """Gives cases of a log that says no more than its slates."""

    def case(name: str) -> Case:
        if name != UNIFORM and ":" not in name:
            raise InvalidInput(
                f"no policy of slates is known by {name!r} here",
                hint="say uniform, or module:function, which gives how likely each arm is, given those above",
            )
        target: Any = _evenly if name == UNIFORM else function_of(name)
        return Case(policy=name, rounds=slates, target=target, left_out=left_out)

    return case


def _evenly(slates: Slates) -> NDArray[np.float64]:
    """(m, L) uniform choice among the arms that are left."""
    k = np.full(len(slates), len(slates.arms))
    arms = k if slates.eligible is None else slates.eligible.sum(axis=1)
    left: NDArray[np.float64] = 1.0 / np.maximum(arms[:, None] - np.arange(slates.size), 1)
    return left
