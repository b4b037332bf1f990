"""An evaluation as pictures, each a piece of SVG to stand in a page. Refuses to draw what the verdict refuses."""

from __future__ import annotations

import io
import math
import re
import warnings
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from tamesu.evaluate import Diagnostics, Estimand, Estimate, Evaluation

LOGGED, TARGET, OTHER, PALE = "#5b6b7b", "#1b7f5c", "#2f6db5", "#c9d3dc"

COLOURS = (TARGET, OTHER, "#c0392b", "#8e6bb0", "#b8860b", "#2aa6b8")

MOST_ARMS = 16
"""In the picture of arms: those that the policy wants most, or had most."""

WIDTH = 6.4

PLAIN = "{x:,.12g}"
"""Numbers along an axis of powers of ten, which would be formulas."""


def estimates(judged: Sequence[tuple[str, Evaluation]], estimand: Estimand) -> str:
    """Each estimate of it and its interval, a colour for each policy; the logged mean as a band behind them."""
    rows = [
        (name, one, COLOURS[number % len(COLOURS)])
        for number, (name, found) in enumerate(judged)
        for one in found.estimates
        if one.estimand is estimand
    ]
    behind = [one for one in judged[0][1].logged if one.estimand is estimand]
    several = len(judged) > 1

    def draw(axes: Any) -> None:
        for logged in behind:
            axes.axvspan(*logged.interval, color=PALE, alpha=0.5, linewidth=0)
            axes.axvline(logged.value, color=LOGGED, linewidth=1)
            axes.annotate(
                " logged",
                (logged.value, -0.75),
                fontsize=8,
                color=LOGGED,
                annotation_clip=False,
            )
        for place, (_, one, colour) in enumerate(rows):
            if math.isnan(one.value):
                continue
            axes.plot(one.interval, [place, place], color=colour, linewidth=2)
            axes.plot(one.value, place, "o", color=colour, markersize=5)
        axes.set_yticks(range(len(rows)))
        axes.set_yticklabels([_label(name if several else "", one) for name, one, _ in rows])
        axes.set_ylim(len(rows) - 0.4, -0.7)
        axes.set_xlabel(f"reward per {estimand.value}")

    return _picture(draw, 0.9 + 0.3 * max(1, len(rows)))


def weights(found: Diagnostics) -> str:
    """How many rounds have weights of a size, and how much of all weight these carry."""
    bins = [one for one in found.weights.bins if one.high > 0.0]

    def draw(axes: Any) -> None:
        total = max(1, found.rounds)
        lows, widths = [one.low for one in bins], [one.high - one.low for one in bins]
        axes.bar(
            lows,
            [one.rounds / total for one in bins],
            widths,
            align="edge",
            color=PALE,
            label="of all rounds",
        )
        axes.step(
            [*lows, bins[-1].high] if bins else [],
            [*(one.share for one in bins), 0.0] if bins else [],
            where="post",
            color=TARGET,
            label="of all weight",
        )
        if bins:
            axes.set_xscale("log")
            axes.xaxis.set_major_formatter(PLAIN)
            axes.minorticks_off()
            axes.set_xlim(min(0.1, bins[0].low), max(10.0, bins[-1].high))
            axes.axvline(1.0, color=LOGGED, linewidth=0.8, linestyle=":")
        axes.yaxis.set_major_formatter(PercentFormatter(1.0))
        axes.set_xlabel("weight: how many of the policy's rounds one stands for")
        _legend(axes)

    return _picture(draw, 2.6)


def arms(found: Diagnostics) -> str:
    """How often arms were chosen, and how often the policy wants them."""
    shown = sorted(found.calibration.arms, key=lambda one: (-one.wanted, -one.chosen))[:MOST_ARMS]

    def draw(axes: Any) -> None:
        places = range(len(shown))
        all_chosen = max(1, sum(one.chosen for one in found.calibration.arms))
        logged = [one.chosen / all_chosen for one in shown]
        axes.barh([p - 0.2 for p in places], logged, 0.36, color=PALE, label="logged")
        axes.barh(
            [p + 0.2 for p in places],
            [one.wanted for one in shown],
            0.36,
            color=TARGET,
            label="wanted",
        )
        axes.set_yticks(list(places))
        axes.set_yticklabels([_short(one.arm) for one in shown])
        axes.invert_yaxis()
        axes.xaxis.set_major_formatter(PercentFormatter(1.0))
        axes.set_xlabel("of all that was delivered")
        _legend(axes)

    return _picture(draw, 0.9 + 0.26 * len(shown))


def propensities(found: Diagnostics) -> str:
    """Of each arm, for how many rounds it stood over in how many it might be chosen: 1 where propensities are right."""
    told = [one for one in found.calibration.arms if one.rounds and one.chosen]
    told.sort(key=lambda one: -one.chosen)

    def draw(axes: Any) -> None:
        ratio = [one.stood_for / one.rounds for one in told]
        error = [2.0 * one.error / one.rounds for one in told]
        axes.errorbar(
            [one.chosen for one in told],
            ratio,
            error,
            fmt="o",
            color=OTHER,
            markersize=3,
            linewidth=0.8,
        )
        axes.axhline(1.0, color=LOGGED, linewidth=0.8, linestyle=":")
        if told and told[0].chosen > 20 * told[-1].chosen:
            axes.set_xscale("log")
            axes.xaxis.set_major_formatter(PLAIN)
            axes.minorticks_off()
        axes.set_ylim(0.0, min(3.0, 1.1 * max([1.5, *ratio])))
        axes.set_xlabel("how often an arm was chosen")
        axes.set_ylabel("Σ 1/p over rounds, ± 2 errors", fontsize=8)

    return _picture(draw, 2.6)


def over_time(found: Diagnostics, *, target: bool) -> str:
    """What was earned in each part of the log, and what the policy would have."""
    parts = found.drift.parts
    dated = parts[-1].until > 1e15  # noqa: PLR2004 - microseconds: before 2001 nobody logged

    def draw(axes: Any) -> None:
        if dated:
            at: list[Any] = [
                datetime.fromtimestamp((one.since + one.until) / 2e6, UTC) for one in parts
            ]
        else:
            at = [place + 1 for place in range(len(parts))]
        lines = [("logged", LOGGED, [(one.logged, one.logged_error) for one in parts])]
        if target:
            told = [(one.target, one.target_error) for one in parts]
            lines.append(("the policy (self-normalised)", TARGET, told))
        for name, colour, figures in lines:
            values = [value for value, _ in figures]
            spans = [2.0 * error if math.isfinite(error) else 0.0 for _, error in figures]
            axes.plot(at, values, "o-", color=colour, markersize=4, linewidth=1.4, label=name)
            low = [value - span for value, span in zip(values, spans, strict=True)]
            high = [value + span for value, span in zip(values, spans, strict=True)]
            axes.fill_between(at, low, high, color=colour, alpha=0.18, linewidth=0)
        axes.set_ylabel("reward, ± 2 errors", fontsize=8)
        axes.set_xlabel("time" if dated else "part of the log")
        axes.tick_params(axis="x", labelsize=7)
        _legend(axes)

    return _picture(draw, 2.6)


def _legend(axes: Any) -> None:
    """Above the picture, where it hides nothing of it."""
    axes.legend(frameon=False, fontsize=8, ncols=2, loc="lower left", bbox_to_anchor=(0.0, 1.0))


def _picture(draw: Callable[[Any], None], height: float) -> str:
    settings: Any = {
        "svg.fonttype": "none",
        "svg.hashsalt": "tamesu",
        "font.family": "sans-serif",
        "text.parse_math": False,  # an arm may be called $x$
    }
    with mpl.rc_context(settings), warnings.catch_warnings():
        # Of letters that its own fonts lack: whoever shows the page has others.
        warnings.filterwarnings("ignore", "Glyph")
        chart = Figure(figsize=(WIDTH, height), layout="constrained")
        axes = chart.subplots()
        axes.spines[["top", "right"]].set_visible(False)
        axes.tick_params(labelsize=8)
        draw(axes)
        axes.xaxis.label.set_fontsize(8)
        text = io.StringIO()
        chart.savefig(text, format="svg", metadata={"Date": None, "Creator": None})
    found = re.search(r"<svg.*</svg>", text.getvalue(), re.DOTALL)
    return found.group(0) if found else ""


def _label(policy: str, one: Estimate) -> str:
    return _short(f"{policy} · {one.estimator}" if policy else one.estimator, 44)


def _short(text: str, most: int = 24) -> str:
    # No XML may hold a control character, nor half of a pair of surrogates.
    shown = "".join(one if one.isprintable() else "\N{REPLACEMENT CHARACTER}" for one in text)
    return shown if len(shown) <= most else f"{shown[: most - 1]}…"
