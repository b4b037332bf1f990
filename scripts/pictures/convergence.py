"""Convergence: what drives it, four times varied."""

from __future__ import annotations

import os

import look
from matplotlib.figure import Figure

from tamesu.base import Declaration
from tamesu.cli.simulate.plot import trace_sweep
from tamesu.cli.simulate.request import Sweep
from tamesu.cli.simulate.runs import run_all
from tamesu.cli.simulate.setting import Setting
from tamesu.cli.simulate.sweep import Swept, Varied, sum_up, vary

SEEDS = 40
ROUNDS = 10_000
EVERY = 200
ARMS = 8
TITLES = {
    Sweep.ARMS: "how many arms (.05, one of .10)",
    Sweep.GAPS: "how far the best lies above the others",
    Sweep.TRAFFIC: "how much traffic between two learnings",
    Sweep.EXPLORER: "which explorer",
}


def draw() -> Figure:
    """One panel for each of the four."""
    figure, axes = look.grid(2, 2)
    for panel, sweep in zip(axes, Sweep, strict=True):
        found = swept(sweep)
        for one in found:
            print(
                f"  {sweep} {one.value}: regret {one.regret.mean:.0f} ± {2 * (one.regret.error or 0):.0f}, "
                f"gained {one.gained.mean:.1%}, converged {one.converged}"
            )
        x = trace_sweep(panel, sweep, found)
        panel.xaxis.set_major_formatter("{x:,.0f}")
        look.label(panel, TITLES[sweep], x, "share of the possible gain, %")
        place = (0.7, 0.14) if sweep is Sweep.EXPLORER else "lower right"
        panel.legend(frameon=False, fontsize=7, loc=place)
    return figure


def swept(sweep: Sweep) -> list[Swept]:
    """What came of a sweep over eight arms, one of rate .10 and the others of .05."""
    declaration = Declaration.parse({"name": "sweep", "arms": list(range(ARMS)), "seed": 0})
    rates = ",".join(["0.1"] + ["0.05"] * (ARMS - 1))
    world = f"bernoulli:{rates}" if sweep is Sweep.EXPLORER else "bernoulli:0.05..0.1"
    base = Varied(
        value="",
        declaration=declaration,
        setting=Setting.parse(world),
        rounds=ROUNDS,
        every=EVERY,
        pace_us=1_000_000,
    )
    varied, _ = vary(sweep, base)
    tasks = [task for one in varied for task in one.tasks(SEEDS)]
    return sum_up(varied, run_all(tasks, len(os.sched_getaffinity(0)), lambda _: None))
