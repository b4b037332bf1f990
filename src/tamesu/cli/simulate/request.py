"""What was asked of a simulation, as values. Refuses to load what plays it: the words come first."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tamesu.cli.simulate.setting import Setting


class Sweep(StrEnum):
    """What `--sweep` may vary."""

    ARMS = "arms"
    GAPS = "gaps"
    TRAFFIC = "traffic"
    EXPLORER = "explorer"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """How to play, and what to do with what comes of it.

    Attributes:
        setting: where.
        rounds: decisions of each run.
        seeds: how many runs.
        every: learn after so many rounds; none for what the declaration says.
        pace_us: between two decisions.
        jobs: processes to use.
        plot: where to draw, or none.
        json: whether to print JSON.
    """

    setting: Setting
    rounds: int
    seeds: int
    every: int | None
    pace_us: int
    jobs: int
    plot: Path | None
    json: bool
