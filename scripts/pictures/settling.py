"""Settling: regret by the age at which a delivery is first learnt from."""

from __future__ import annotations

import look
import numpy as np
from matplotlib.figure import Figure
from settings import CLICKS, PURCHASES

RUNS = 12
ORACLES = 40
SETTLES = {
    "clicks": ("0s", "10s", "1m", "5m", "15m"),
    "purchases": ("0s", "6h", "1d", "3d", "7d"),
}


def draw() -> Figure:
    """One panel for each delay: ours by `settle`, beside the oracle and who never corrects."""
    figure, axes = look.panels(2)
    for panel, setting in zip(axes, (CLICKS, PURCHASES), strict=True):
        names = SETTLES[setting.name]
        found = []
        for settle in names:
            runs = [setting.ours(seed, settle).sum() for seed in range(RUNS)]
            found.append((np.mean(runs), 2 * np.std(runs, ddof=1) / np.sqrt(RUNS)))
            print(f"  {setting.name} settle {settle}: {found[-1][0]:.0f} ± {found[-1][1]:.0f}")
        means, errors = np.array(found).T
        places = np.arange(len(names))
        panel.bar(places, means, 0.6, yerr=errors, color=look.OURS, alpha=0.85, capsize=2)
        for name, run, colour in (
            ("told at once", setting.told_at_once, look.ORACLE),
            ("what has come so far", setting.so_far, look.NAIVE),
        ):
            level = np.mean([run(seed).sum() for seed in range(ORACLES)])
            panel.axhline(level, color=colour, linestyle="--", linewidth=1.2, label=name)
            print(f"  {setting.name} {name}: {level:.0f}")
        panel.set_xticks(places, names)
        look.label(
            panel,
            f"{setting.name}: {setting.rounds:,} decisions, window {setting.window}",
            "settle",
            "regret (rewards lost), ± 2 standard errors",
        )
        panel.legend(frameon=False, fontsize=8, loc="upper left")
    return figure
