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
from tamesu.cli.simulate.request import Sweep
from tamesu.cli.simulate.runs import UNIFORM
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
        trace(
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


def draw_sweep(title: str, sweep: Sweep, found: Sequence[Swept], path: Path) -> None:
    """Writes the share of the possible gain that was made on the way.

    Args:
        title: above it.
        sweep: what was varied.
        found: a line for each value.
        path: of the file.

    Raises:
        Unavailable: it cannot be written there.
    """
    chart, axes = _empty(title)
    axes.set_xlabel(trace_sweep(axes, sweep, found))
    axes.set_ylabel("share of the possible gain, % (mean ± 2 errors)", fontsize=9)
    axes.legend(frameon=False, fontsize=8, loc="lower right")
    _write(chart, path)


def trace_sweep(axes: Any, sweep: Sweep, found: Sequence[Swept]) -> str:
    """A line for each value, and one where converging begins; what runs along the lower edge.

    Numbers go from pale to dark, names have colours of their own. Amounts of traffic are held
    against each other by learnings: those are what takes time.
    """
    pale_to_dark = mpl.colormaps["viridis_r"]
    for number, swept in enumerate(found):
        colour: Any = pale_to_dark(0.15 + 0.8 * number / max(1, len(found) - 1))
        if sweep is Sweep.EXPLORER:
            uniform = swept.value == UNIFORM
            colour = UNIFORM_COLOUR if uniform else COLOURS[number % len(COLOURS)]
        unit = swept.every if sweep is Sweep.TRAFFIC else 1
        rounds = [mark.rounds / unit for mark in swept.over_time]
        trace(axes, rounds, [percent(mark.gained) for mark in swept.over_time], colour, swept.value)
    axes.axhline(100 * CONVERGED, color="#999999", linewidth=0.8, linestyle=":")
    axes.set_ylim(-12, 103)
    return "learnings" if sweep is Sweep.TRAFFIC else "rounds"


def percent(figure: Figure) -> Figure:
    """A share, as a share of 100."""
    error = None if figure.error is None else 100 * figure.error
    return Figure(100 * figure.mean, error)


def trace(axes: Any, x: Sequence[float], y: Sequence[Figure], colour: Any, name: str) -> None:
    """A line of means, with a band of two standard errors on either side."""
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
