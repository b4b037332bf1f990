"""How the pictures look, and where they are written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "explanation" / "pictures"

OURS, WAITING, NAIVE, ORACLE = "#1b7f5c", "#2f6db5", "#c0392b", "#5b6b7b"
"""One colour for each way to learn, in every picture."""


def panels(count: int, height: float = 3.6) -> tuple[Figure, list[Any]]:
    """An empty picture of so many panels side by side."""
    return grid(1, count, height)


def grid(rows: int, count: int, height: float = 3.6) -> tuple[Figure, list[Any]]:
    """An empty picture of so many rows of so many panels, each row `height` inches."""
    mpl.rcParams["svg.hashsalt"] = "tamesu"  # the same figures give the same file
    size = (4.6 * count + 0.6 * (count == 1), height * rows)
    figure = Figure(figsize=size, layout="constrained")
    axes = figure.subplots(rows, count, squeeze=False).ravel().tolist()
    for each in axes:
        each.spines[["top", "right"]].set_visible(False)
        each.tick_params(labelsize=8)
    return figure, axes


def label(axes: Any, title: str, x: str, y: str) -> None:
    """Says what is seen."""
    axes.set_title(title, fontsize=10, loc="left")
    axes.set_xlabel(x, fontsize=9)
    axes.set_ylabel(y, fontsize=9)


def write(figure: Figure, name: str, png: Path | None) -> None:
    """Writes a picture, and a copy to look at."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    figure.savefig(FOLDER / f"{name}.svg", metadata={"Date": None})
    print(f"docs/explanation/pictures/{name}.svg")
    if png is not None:
        png.mkdir(parents=True, exist_ok=True)
        figure.savefig(png / f"{name}.png", dpi=110)
