"""A simulation as a picture: how it went, one line for each policy, a band of two standard errors.

Refuses to show it: it is written to a file.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure as Chart

from tamesu.base import Unavailable
from tamesu.cli.simulate.summary import Figure, Played
from tamesu.cli.simulate.sweep import CONVERGED, Swept

FORMS = (".png", ".svg", ".pdf")

COLOURS = ("#1b7f5c", "#2f6db5", "#c0392b", "#8e6bb0", "#b8860b", "#2aa6b8")
UNIFORM_COLOUR = "#5b6b7b"


def draw(title: str, policies: Sequence[Played], path: Path, *, fixed: bool = False) -> None:
    """Writes regret on the way to `path`, in the form that its ending names.

    Args:
        title: above it.
        policies: a line for each; the last is uniform play.
        path: of the file.
        fixed: whether regret is against the best arms held fixed.

    Raises:
        Unavailable: it cannot be written there.
    """
    chart, axes = _empty(title)
    for number, played in enumerate(policies):
        last = number == len(policies) - 1
        _line(
            axes,
            [0, *(mark.rounds for mark in played.over_time)],
            [
                Figure(0.0, None),
                *(mark.fixed if fixed else mark.regret for mark in played.over_time),
            ],
            UNIFORM_COLOUR if last else COLOURS[number % len(COLOURS)],
            played.policy,
        )
    held = "against the best arms held fixed " if fixed else ""
    axes.set_xlabel("rounds")
    axes.set_ylabel(f"regret {held}(mean ± 2 standard errors)", fontsize=9)
    if not fixed:
        axes.set_ylim(bottom=0)
    axes.legend(frameon=False)
    _write(chart, path)


def draw_sweep(
    title: str, found: Sequence[Swept], path: Path, *, by_learnings: bool = False
) -> None:
    """Writes the share of the possible gain that was made on the way.

    Args:
        title: above it.
        found: a line for each.
        path: of the file.
        by_learnings: whether time is told in learnings, where their number is the same for all.

    Raises:
        Unavailable: it cannot be written there.
    """
    chart, axes = _empty(title)
    trace_sweep(axes, found, by_learnings=by_learnings)
    axes.set_xlabel("learnings" if by_learnings else "rounds")
    axes.set_ylabel("share of the possible gain, % (mean ± 2 errors)", fontsize=9)
    axes.legend(frameon=False, fontsize=8, loc="lower right")
    _write(chart, path)


def trace_sweep(axes: Any, found: Sequence[Swept], *, by_learnings: bool = False) -> None:
    """A line for each value of a sweep, from pale to dark; converged is above the dotted one."""
    colours = mpl.colormaps["viridis_r"]
    for number, swept in enumerate(found):
        unit = swept.every if by_learnings else 1
        _line(
            axes,
            [mark.rounds / unit for mark in swept.over_time],
            [_percent(mark.gained) for mark in swept.over_time],
            colours(0.15 + 0.8 * number / max(1, len(found) - 1)),
            swept.value,
        )
    axes.axhline(100 * CONVERGED, color="#999999", linewidth=0.8, linestyle=":")
    axes.set_ylim(-5, 103)


def _percent(figure: Figure) -> Figure:
    error = None if figure.error is None else 100 * figure.error
    return Figure(100 * figure.mean, error)


def _line(axes: Any, x: Sequence[float], y: Sequence[Figure], colour: Any, name: str) -> None:
    means = [figure.mean for figure in y]
    bands = [2 * (figure.error or 0.0) for figure in y]
    axes.plot(x, means, color=colour, label=name, linewidth=1.5)
    low = [mean - band for mean, band in zip(means, bands, strict=True)]
    high = [mean + band for mean, band in zip(means, bands, strict=True)]
    axes.fill_between(x, low, high, color=colour, alpha=0.2, linewidth=0)
    axes.set_xlim(left=0)


def _empty(title: str) -> tuple[Chart, Any]:
    chart = Chart(figsize=(7, 4.2), layout="constrained")
    axes = chart.subplots()
    axes.set_title(title, fontsize=10)
    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.spines[["top", "right"]].set_visible(False)
    return chart, axes


def _write(chart: Chart, path: Path) -> None:
    try:
        chart.savefig(path)
    except OSError as error:
        raise Unavailable(
            f"the plot cannot be written to {path}: {error.strerror}", hint="name another file"
        ) from error
