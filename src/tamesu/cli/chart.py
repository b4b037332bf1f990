"""A report as a picture: what was earned, how late rewards come, how the ranking moved.

Refuses to show it: it is written to a file.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import matplotlib.dates as mdates
from matplotlib.figure import Figure

from tamesu.base import Duration, Unavailable
from tamesu.base.times import DAY_US, HOUR_US, MINUTE_US, SECOND_US

FORMS = (".png", ".svg", ".pdf")

OURS, UNIFORM, SECOND = "#1b7f5c", "#5b6b7b", "#2f6db5"

RING = 8
"""Size of the points of uniform choice: seen around ours where both lie together, as where it is doubted."""

Told = Mapping[str, Any]


def draw(told: Told, moved: Told, path: Path) -> None:
    """Writes the picture of a report and of a convergence to `path`, as its ending names.

    Raises:
        Unavailable: it cannot be written there.
    """
    chart = Figure(figsize=(7, 8.4), layout="constrained")
    above, middle, below = chart.subplots(3)
    found = told["results"]
    _earned(above, [] if found is None else found["windows"])
    above.set_title(f"{told['bandit']}: reward of a decision", fontsize=10, loc="left")
    _delay(middle, None if found is None else found["delay"])
    _movement(below, moved)
    for axes in (above, middle, below):
        axes.spines[["top", "right"]].set_visible(False)
        axes.tick_params(labelsize=8)
    try:
        chart.savefig(path, dpi=150)
    except OSError as error:
        raise Unavailable(
            f"the plot cannot be written to {path}: {error.strerror}", hint="name another file"
        ) from error


def _earned(axes: Any, windows: Sequence[Told]) -> None:
    told = [one for one in windows if one["compared"]["ours"] is not None]
    moments = [_middle(one) for one in told]
    for key, colour, label in (
        ("uniform", UNIFORM, "uniform choice would have (95 %; hollow: not to be trusted)"),
        ("ours", OURS, "earned (95 %)"),
    ):
        spans = [one["compared"][key] for one in told]
        means = [span["mean"] for span in spans]
        axes.plot(moments, means, color=colour, label=label, linewidth=1.5)
        lows, highs = [span["low"] for span in spans], [span["high"] for span in spans]
        axes.fill_between(moments, lows, highs, color=colour, alpha=0.2, linewidth=0)
        if key == "ours":
            axes.plot(moments, means, "o", color=colour, markersize=4)
            continue
        for moment, mean, one in zip(moments, means, told, strict=True):
            filled = "white" if one["compared"]["doubts"] else colour
            axes.plot(moment, mean, "o", color=colour, markerfacecolor=filled, markersize=RING)
    _times(axes, windows)
    axes.set_ylim(bottom=min(0.0, axes.get_ylim()[0]))
    if told:
        axes.legend(frameon=False, fontsize=8)


def _delay(axes: Any, told: Told | None) -> None:
    axes.set_title("share of the reward that has come at an age", fontsize=10, loc="left")
    axes.set_ylim(0, 1.03)
    axes.yaxis.set_major_formatter("{x:.0%}")
    if told is None or not told["events"]:
        axes.text(0.5, 0.5, "no rewarding event", ha="center", transform=axes.transAxes)
        return
    ages = [Duration.parse(point["age"]) / SECOND_US for point in told["points"]]
    shares = [point["share"] for point in told["points"]]
    axes.plot(ages, shares, color=OURS, marker="o", markersize=4, linewidth=1.5)
    axes.set_xscale("log")
    window = Duration.parse(told["window"]) / SECOND_US
    axes.axvline(window, color=UNIFORM, linestyle="--", linewidth=1)
    label = f" window {told['window']}: {told['inside']:.1%}"
    axes.annotate(label, (window, 0.04), fontsize=8, color=UNIFORM)
    marks = [SECOND_US, 10 * SECOND_US, MINUTE_US, 10 * MINUTE_US, HOUR_US, DAY_US, 7 * DAY_US]
    shown = [mark for mark in marks if ages[0] <= mark / SECOND_US <= max(ages[-1], window)]
    axes.set_xticks([mark / SECOND_US for mark in shown])
    axes.set_xticklabels([Duration(mark).text() for mark in shown])
    axes.minorticks_off()


def _movement(axes: Any, moved: Told) -> None:
    top = "arm" if moved["size"] == 1 else f"{moved['size']} arms"
    title = f"rate of change of the first {top}, windows of {moved['window']}"
    axes.set_title(title, fontsize=10, loc="left")
    kinds = (("snapshots", OURS, "by what is believed"), ("served", SECOND, "by what was served"))
    for key, colour, label in kinds:
        if moved[key] is None:
            continue
        windows = [one for one in moved[key]["windows"] if one["rate"] is not None]
        moments, rates = [_middle(one) for one in windows], [one["rate"] for one in windows]
        axes.plot(moments, rates, color=colour, marker="o", markersize=4, label=label)
    below = moved["settled_below"]
    axes.axhline(below, color="#999999", linestyle=":", linewidth=1, label=f"stands below {below}")
    axes.set_ylim(bottom=0)
    _times(axes, moved["snapshots"]["windows"])
    axes.legend(frameon=False, fontsize=8)


def _times(axes: Any, windows: Sequence[Told]) -> None:
    if windows:
        ends = (windows[0]["since"], windows[-1]["until"])
        axes.set_xlim(*(datetime.fromisoformat(end) for end in ends))
    locator = mdates.AutoDateLocator(minticks=3, maxticks=8)  # type: ignore[no-untyped-call]  # it has no types
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(mdates.ConciseDateFormatter(locator))  # type: ignore[no-untyped-call]  # as above


def _middle(window: Told) -> datetime:
    since, until = (datetime.fromisoformat(window[name]) for name in ("since", "until"))
    return since + (until - since) / 2
