"""The plot of the benchmark: each ratio as a dot beside the reach it is held to."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl
from matplotlib import pyplot as plt

from figures import Figure, short

HELD, MISSED, FREE = "#1b7f5c", "#c0392b", "#5b6b7b"


def draw(figures: Sequence[Figure], path: Path) -> None:
    """Writes the ratios of `figures` as a dot plot on a logarithmic axis."""
    lines = [line for line in figures if line.ratio is not None][::-1]
    mpl.rcParams["svg.hashsalt"] = "tamesu"  # the same figures give the same file
    chart, axes = plt.subplots(figsize=(9, 1.2 + 0.42 * len(lines)), layout="constrained")
    for row, line in enumerate(lines):
        colour = FREE if not line.reach else HELD if line.held else MISSED
        axes.plot(line.ratio, row, "o", color=colour, markersize=8)
        axes.annotate(
            short(line.ratio or 0),
            (line.ratio, row),
            textcoords="offset points",
            xytext=(0, 8),
            ha="center",
            fontsize=8,
        )
        if line.reach:
            bound = float(line.reach[1:].replace(",", "").split()[0])
            marker = "<" if line.reach[0] == "≤" else ">"
            axes.plot(bound, row, marker, color="black", markersize=7, fillstyle="none")
    axes.axvline(1, color="#cccccc", linewidth=1, zorder=0)
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter("{x:g}")
    axes.xaxis.set_minor_formatter("")
    axes.set_yticks(range(len(lines)), [line.name for line in lines], fontsize=8)
    axes.set_ylim(-0.6, len(lines) - 0.2)
    axes.set_xlabel("ratio to what was measured beside it (open triangle: its reach)", fontsize=8)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(left=False)
    chart.savefig(path, metadata={"Date": None})
    plt.close(chart)
