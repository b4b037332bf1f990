"""Delay: how much has come at which age, and what that does to who counts it as all there is."""

from __future__ import annotations

import look
import numpy as np
from matplotlib.figure import Figure
from settings import CLICKS, PURCHASES

from tamesu.base.times import DAY_US, MINUTE_US, SECOND_US

TICKS = {
    "1 s": SECOND_US,
    "1 min": MINUTE_US,
    "15 min": 15 * MINUTE_US,
    "6 h": DAY_US / 4,
    "1 d": DAY_US,
    "7 d": 7 * DAY_US,
}
TRUE = 0.05


def draw() -> Figure:
    """Left: P(delay <= age). Right: an arm of .05, by who looks every T and counts what has come."""
    figure, (left, right) = look.panels(2)
    times = np.geomspace(SECOND_US, 14 * DAY_US, 400)
    for setting, colour in ((CLICKS, look.OURS), (PURCHASES, look.WAITING)):
        ratio = times / setting.mean_us
        so_far = 1 - (1 - np.exp(-ratio)) / ratio
        left.plot(times, -np.expm1(-ratio), color=colour, label=setting.name)
        right.plot(times, TRUE * so_far, color=colour, label=setting.name)
        at = setting.job_us / setting.mean_us
        factor = 1 - (1 - np.exp(-at)) / at
        right.plot(setting.job_us, TRUE * factor, "o", color=colour)
        right.annotate(
            f"{TRUE * factor:.3f}",
            (setting.job_us, TRUE * factor),
            textcoords="offset points",
            xytext=(7, -9),
            fontsize=8,
            color=colour,
        )
        print(
            f"  {setting.name}: come after a minute {1 - np.exp(-MINUTE_US / setting.mean_us):.4f},"
            f" after a day {1 - np.exp(-DAY_US / setting.mean_us):.3f}; so far {factor:.3f}"
        )
    right.axhline(TRUE, color="black", linewidth=0.8, linestyle=":")
    right.annotate(
        "the truth", (1.5 * SECOND_US, TRUE), xytext=(0, 3), textcoords="offset points", fontsize=8
    )
    look.label(left, "rewards that have come", "age of the delivery", "share of all that will come")
    look.label(right, "an arm of .05, so far", "time between two looks", "believed rate")
    right.set_ylim(0, 0.055)
    for axes in (left, right):
        axes.set_xscale("log")
        axes.set_xticks(list(TICKS.values()), list(TICKS), fontsize=8)
        axes.minorticks_off()
    left.legend(frameon=False, fontsize=8)
    return figure
