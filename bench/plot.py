"""The pictures of the benchmark: ratios beside their reaches, and curves with their bands."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib import pyplot as plt

from figures import Figure, short

HELD, MISSED, FREE = "#1b7f5c", "#c0392b", "#5b6b7b"
OURS, THEIRS = ("#1b7f5c", "#2f6db5", "#c0392b", "#8a4fa8", "#c77f16"), "#7d8790"


def ratios(figures: Sequence[Figure], path: Path) -> None:
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


def curves(drawing: dict[str, Any], path: Path) -> None:
    """Writes `drawing`, as `bench/README.md` describes it: ours in colour with a band of ± se, others
    in grey, each line led to its name.
    """
    mpl.rcParams["svg.hashsalt"] = "tamesu"
    chart, axes = plt.subplots(figsize=(9, 6), layout="constrained")
    top, x = drawing["top"], drawing["x"]
    colours = iter(OURS * 4)
    ends = []
    for series in drawing["series"]:
        ours = series["name"].startswith("Tamesu")
        colour = next(colours) if ours else THEIRS
        y, se = np.array(series["y"]), np.array(series.get("se", 0.0))
        style = series.get("style", "-")
        axes.plot(
            x, y, color=colour, linestyle=style, linewidth=2 if ours else 0.8, zorder=2 + ours
        )
        if ours:
            axes.fill_between(x, y - se, y + se, color=colour, alpha=0.2, linewidth=0)
        ends.append((float(y[-1]), series["name"], colour))
    axes.set_xlim(0, x[-1])
    axes.set_ylim(0, top)
    for place, (y, name, colour) in zip(spread(ends, top), sorted(ends), strict=True):
        axes.annotate(
            f"{name}  {short(y)}",
            (1, min(y, top) / top),
            xycoords="axes fraction",
            xytext=(1.06, place / top),
            textcoords="axes fraction",
            arrowprops={"arrowstyle": "-", "color": colour, "linewidth": 0.5, "relpos": (0, 0.5)},
            fontsize=8,
            va="center",
            color=colour,
        )
    axes.set_title(drawing["title"], fontsize=10, loc="left")
    axes.set_xlabel(drawing["x_label"], fontsize=8)
    axes.set_ylabel(drawing["y_label"], fontsize=8)
    axes.spines[["top", "right"]].set_visible(False)
    chart.savefig(path, metadata={"Date": None} if path.suffix == ".svg" else None)
    plt.close(chart)


def spread(ends: Sequence[tuple[float, str, Any]], top: float) -> list[float]:
    """Heights for labels in rising order, near where their lines end and none on another."""
    room = top / 32
    places = np.array([min(y, top) for y, _, _ in sorted(ends)])
    for _ in range(2_000):
        short_of = np.maximum(room - np.diff(places), 0.0) / 2
        places[:-1] -= short_of
        places[1:] += short_of
        places[-1] = min(places[-1], top)
        if not (short_of > room / 20).any():
            break
    return [float(place) for place in places]
