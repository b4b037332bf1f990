"""The pictures of the benchmark: ratios beside their reaches, and curves with their bands."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib import pyplot as plt

from figures import Figure, short

HELD, MISSED, FREE = "#1b7f5c", "#c0392b", "#5b6b7b"


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
    """Writes `drawing`, as `bench/README.md` describes it: lines over x, each with a band of ± se."""
    mpl.rcParams["svg.hashsalt"] = "tamesu"
    chart, axes = plt.subplots(figsize=(9, 5.4), layout="constrained")
    ends = []
    for number, series in enumerate(drawing["series"]):
        ours = series["name"].startswith("Tamesu")
        colour = plt.get_cmap("tab20")(number % 20)
        style = {"linewidth": 2.4 if ours else 1.2, "linestyle": series.get("style", "-")}
        y, se = series["y"], series.get("se")
        axes.plot(drawing["x"], y, color=colour, zorder=3 if ours else 2, **style)
        if se:
            low, high = zip(*((m - s, m + s) for m, s in zip(y, se, strict=True)), strict=True)
            axes.fill_between(drawing["x"], low, high, color=colour, alpha=0.15, linewidth=0)
        ends.append((y[-1], series["name"], colour))
    top = drawing.get("top")
    axes.set_ylim(0, top)
    axes.set_xlim(0, drawing["x"][-1])
    for place, (y, name, colour) in zip(
        spread(ends, axes.get_ylim()[1]), sorted(ends), strict=True
    ):
        label = name if top is None or y <= top else f"{name} ({short(y)})"
        axes.annotate(
            label,
            (1.01, place),
            xycoords=axes.get_yaxis_transform(),
            fontsize=8,
            va="center",
            color=colour,
        )
    axes.set_title(drawing["title"], fontsize=10, loc="left")
    axes.set_xlabel(drawing["x_label"], fontsize=8)
    axes.set_ylabel(drawing["y_label"], fontsize=8)
    axes.spines[["top", "right"]].set_visible(False)
    chart.savefig(path, metadata={"Date": None})
    plt.close(chart)


def spread(ends: Sequence[tuple[float, str, Any]], top: float) -> list[float]:
    """Heights for labels in rising order, near where their lines end and none on another."""
    room = top / 30
    places: list[float] = []
    for y, _, _ in sorted(ends):
        places.append(max(min(y, top), places[-1] + room) if places else min(y, top))
    over = max(0.0, places[-1] - top) if places else 0.0
    for number in range(len(places) - 1, -1, -1):
        ceiling = top if number == len(places) - 1 else places[number + 1] - room
        places[number] = min(places[number], ceiling) if over else places[number]
    return places
