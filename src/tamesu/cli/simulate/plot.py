"""A simulation as a picture: regret on the way, one line for each policy, a band of two errors.

Refuses to show it: it is written to a file.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from matplotlib.figure import Figure

from tamesu.base import Unavailable
from tamesu.cli.simulate.summary import Played

FORMS = (".png", ".svg", ".pdf")

COLOURS = ("#1b7f5c", "#5b6b7b")


def draw(title: str, policies: Sequence[Played], path: Path) -> None:
    """Writes the picture to `path`, in the form that its ending names.

    Raises:
        Unavailable: it cannot be written there.
    """
    chart = Figure(figsize=(7, 4.2), layout="constrained")
    axes = chart.subplots()
    for played, colour in zip(policies, COLOURS, strict=False):
        rounds = [0, *(mark.rounds for mark in played.over_time)]
        means = [0.0, *(mark.regret.mean for mark in played.over_time)]
        bands = [0.0, *(2 * (mark.regret.error or 0.0) for mark in played.over_time)]
        axes.plot(rounds, means, color=colour, label=played.policy)
        low = [mean - band for mean, band in zip(means, bands, strict=True)]
        high = [mean + band for mean, band in zip(means, bands, strict=True)]
        axes.fill_between(rounds, low, high, color=colour, alpha=0.2, linewidth=0)
    axes.set_title(title, fontsize=10)
    axes.set_xlabel("rounds")
    axes.set_ylabel("regret (mean ± 2 standard errors)")
    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.set_xlim(left=0)
    axes.set_ylim(bottom=0)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False)
    try:
        chart.savefig(path)
    except OSError as error:
        raise Unavailable(
            f"the plot cannot be written to {path}: {error.strerror}", hint="name another file"
        ) from error
