"""Newcomers: what a bad new arm gets in its first window, beside five that are known."""

from __future__ import annotations

from typing import Any

import look
import numpy as np
from matplotlib.figure import Figure
from settings import lost, pairs

from tamesu.base import Declaration
from tamesu.base.times import MINUTE_US
from tamesu.sim import DelayedWorld
from tamesu.testing.rehearsal import Rehearsal

PACE_US = 100_000
WINDOW = 15 * MINUTE_US // PACE_US
CAP = {"share": 0.2, "until": 20}
CASES = (
    ("settle 15m", "15m", "off", look.NAIVE, "-"),
    ("settle 15m, newcomer {share: 0.2}", "15m", CAP, look.WAITING, "-"),
    ("settle 1m", "1m", "off", look.OURS, "-"),
    ("settle 1m, newcomer {share: 0.2}", "1m", CAP, look.OURS, ":"),
)


def draw() -> Figure:
    """The newcomer's share of the traffic, minute by minute."""
    figure, (axes,) = look.panels(1)
    for name, settle, newcomer, colour, style in CASES:
        taken = first_window(settle, newcomer)
        print(f"  {name}: {taken.mean():.3f} of the first window")
        minutes = taken.reshape(15, -1).mean(axis=1)
        axes.stairs(
            100 * minutes, baseline=None, color=colour, linestyle=style, linewidth=1.6, label=name
        )
    axes.set_ylim(0, 105)
    axes.set_xlim(0, 15)
    look.label(
        axes,
        "a newcomer of rate .02 beside five mature arms of .05",
        "minutes since it came",
        "its share of the decisions, %",
    )
    axes.legend(frameon=False, fontsize=8, loc=(0.25, 0.45))
    return figure


def first_window(settle: str, newcomer: Any) -> np.ndarray:
    """(decisions,) which of them were the newcomer's."""
    luck = np.random.default_rng(1)
    declaration = Declaration.parse(
        {
            "name": "homes",
            "arms": list("abcde"),
            "seed": 1,
            "reward": {"window": "15m", "settle": settle},
            "policy": {"newcomer": newcomer},
        }
    )
    world = DelayedWorld([0.05] * 5 + [0.02], MINUTE_US)
    rehearsal = Rehearsal(declaration, world, [*"abcde", "new"])
    asked = {"every": 50, "pace_us": PACE_US, "uniforms": pairs(luck)}
    lost(rehearsal.play(2 * WINDOW, **asked))
    rehearsal.rest(20 * MINUTE_US)
    rehearsal.ask("arms", {"add": ["new"]})
    return lost(rehearsal.play(WINDOW, **asked)) > 0.01
