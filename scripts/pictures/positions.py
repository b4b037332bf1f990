"""Positions: one belief for the whole slate, or one for each position."""

from __future__ import annotations

import os

import look
from matplotlib.figure import Figure

from tamesu.base import Declaration
from tamesu.cli.simulate.plot import percent, trace
from tamesu.cli.simulate.runs import UNIFORM, Task, run_all
from tamesu.cli.simulate.setting import Setting
from tamesu.cli.simulate.summary import Played, summarise

SEEDS = 24
ROUNDS = 20_000
EVERY = 200
ARMS, SIZE = 6, 3
WORLDS = (
    ("positions differ in attention alone", "positioned:0.02..0.2,examined=0.7,apart=0"),
    ("arms suit one position and not another", "positioned:0.02..0.2,examined=0.7,apart=0.8"),
)
LAYOUTS = (
    ("slate: one belief", {"kind": "slate", "size": SIZE}, "thompson", look.WAITING),
    ("per_position: three", {"kind": "per_position", "size": SIZE}, "thompson", look.OURS),
    (UNIFORM, {"kind": "slate", "size": SIZE}, "uniform", look.ORACLE),
)


def draw() -> Figure:
    """One panel for each world."""
    figure, axes = look.panels(2)
    for panel, (title, world) in zip(axes, WORLDS, strict=True):
        for (name, _, _, colour), played in zip(LAYOUTS, compared(world), strict=True):
            marks = played.over_time
            print(
                f"  {title}, {name}: regret {played.regret.mean:.0f} ± "
                f"{2 * (played.regret.error or 0):.0f}, "
                f"{', '.join(f'{m.rounds}: {m.gained.mean:.1%}' for m in marks if m.rounds in SAID)}"
            )
            x, y = [m.rounds for m in marks], [percent(m.gained) for m in marks]
            trace(panel, x, y, colour, name)
        panel.xaxis.set_major_formatter("{x:,.0f}")
        panel.set_ylim(-10, 103)
        look.label(panel, title, "decisions", "share of the possible gain, %")
        panel.legend(frameon=False, fontsize=8, loc="center right")
    return figure


SAID = (400, 1_200, 2_000, 4_000, 10_000, 20_000)
"""Rounds of which the share is printed."""


def compared(world: str) -> list[Played]:
    """Each layout in one world, on the same luck."""
    tasks = [
        Task(
            policy=name,
            declaration=Declaration.parse(
                {
                    "name": "home",
                    "arms": list(range(ARMS)),
                    "seed": 0,
                    "layout": layout,
                    "policy": {"explorer": explorer},
                }
            ),
            setting=Setting.parse(world),
            logged=None,
            run=run,
            rounds=ROUNDS,
            every=EVERY,
            pace_us=1_000_000,
        )
        for name, layout, explorer, _ in LAYOUTS
        for run in range(SEEDS)
    ]
    return summarise(run_all(tasks, len(os.sched_getaffinity(0)), lambda _: None), ROUNDS)
