"""A fitted surrogate, for people: what each event is worth, how well that tells, and for which arms it does not.

Refuses to compute anything that was not fitted.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console

    from tamesu.cli.learn.fitting import Made
    from tamesu.experiment import Calibrated, Fitted, Followed, Left

SHOWN = 20
"""Arms in a table, those first that differ and those with the most deliveries."""

WIDE = 24
"""Columns of the picture beside the calibration."""

LEFT_OUT = {
    "open": "something may still come of them",
    "undeclared": "decided when the bandit did not take all of these event types",
    "unshown": "nobody saw them",
    "fallback": "the fallback answered",
    "older": "decided before it is to begin",
    "untold": "the file does not tell all of their time",
    "nameless": "they have no unit, and the file knows units alone",
}


def tell(out: Console, made: Made) -> None:
    """Prints it."""
    from tamesu.cli.output import table

    fitted, surrogate, found = made.fitted, made.surrogate, made.found
    span = f"{surrogate.since.text()[:10]} to {surrogate.until.text()[:10]}"
    what = f"{surrogate.later} within {surrogate.within.text()}"
    title = f"{what}, told from the events of the first {surrogate.window.text()}"
    out.print(title, style="bold", markup=False, soft_wrap=True)
    out.print(f"{surrogate.rows:,} deliveries, decided from {span}", markup=False)
    for why, count in found.left_out.items():
        if count:
            out.print(f"left out {count:,}: {LEFT_OUT[why]}", style="dim", markup=False)
    if found.strangers:
        line = f"{found.strangers:,} rows of the file belong to none of these deliveries"
        out.print(line, style="yellow", markup=False)
    out.print(table("", ["event", ">came early in", ">adds"], _events(found.rows, fitted)))
    out.print(f"without any event: {fitted.constant:.4g}", markup=False)
    power = f"R² out of sample: {fitted.r2:.3f} ± {fitted.r2_error:.3f}"
    out.print(f"{power}, the share of what later values differ by", markup=False, soft_wrap=True)
    columns = [">deliveries", ">expected", ">came", ">±", ""]
    out.print(table("What was expected (o), and what came (*)", columns, _tenths(made.tenths)))
    columns = ["arm", ">deliveries", ">expected", ">came", ">left", ">±", ""]
    out.print(table("Does it hold for every arm?", columns, _arms(made.left)))
    _verdict(out, made.left)
    for one in made.moved:
        if one.differs:
            line = f"the {one.name} of these deliveries came to {one.left:+.2g} ± {one.error:.1g} beside"
            more = "what was expected: what early events are worth has changed meanwhile"
            out.print(f"{line} {more}", style="bold red", markup=False, soft_wrap=True)


def _events(rows: Followed, fitted: Fitted) -> list[tuple[str, ...]]:
    return [
        (name, f"{count:,}", "seen too rarely" if name in fitted.rare else f"{weight:.4g}")
        for name, count, weight in zip(
            rows.types, _came(rows), fitted.weights.tolist(), strict=True
        )
    ]


def _tenths(tenths: Sequence[Calibrated]) -> list[tuple[str, ...]]:
    """With a picture: `o` what was expected, `*` what came, `@` both."""
    values = [value for one in tenths for value in (one.expected, one.later)]
    low, high = min(values), max(values)
    scale = (WIDE - 1) / (high - low) if high > low else 0.0

    def picture(one: Calibrated) -> str:
        line = [" "] * WIDE
        expected, came = (round((value - low) * scale) for value in (one.expected, one.later))
        line[expected] = "o"
        line[came] = "@" if came == expected else "*"
        return "".join(line)

    return [
        (
            f"{one.rows:,}",
            f"{one.expected:.4g}",
            f"{one.later:.4g}",
            f"{one.error:.2g}" if math.isfinite(one.error) else "",
            picture(one),
        )
        for one in tenths
    ]


def _arms(left: Sequence[Left]) -> list[tuple[str, ...]]:
    listed = sorted(left, key=lambda one: (not one.differs, -one.rows))
    shown: list[tuple[str, ...]] = [
        (
            one.name,
            f"{one.rows:,}",
            f"{one.expected:.4g}",
            f"{one.later:.4g}",
            f"{one.left:+.2g}",
            f"{one.error:.2g}" if one.is_judged else "",
            "differs" if one.differs else "",
        )
        for one in listed[:SHOWN]
    ]
    rest = len(listed) - SHOWN
    if rest > 0:
        shown.append((f"{rest} more", *[""] * 6))
    return shown


def _verdict(out: Console, left: Sequence[Left]) -> None:
    differing = [one for one in left if one.differs]
    if differing:
        worst = max(differing, key=lambda one: abs(one.left) / one.error)
        what = "less" if worst.left < 0 else "more"
        line = (
            f"{len(differing)} of {len(left)} arms come to something else than their early events say: "
            f"{worst.name} to {abs(worst.left):.2g} {what}.\n"
            "A bandit that learns this reward will prefer arms by what they promise, not by what comes. "
            "Add the events in which these arms differ, or learn the later value itself."
        )
        out.print(line, style="bold red", markup=False, soft_wrap=True)
        return
    judged = [one.error for one in left if one.is_judged]
    smallest = f"; one of {3 * max(judged):.2g} would hardly have been missed" if judged else ""
    few = len(left) - len(judged)
    rest = f"; {few:,} of {len(left):,} came too rarely to be judged" if few else ""
    out.print(f"no arm is seen to differ{smallest}{rest}", markup=False, soft_wrap=True)


def as_json(made: Made) -> dict[str, Any]:
    """All of it, with stable names."""
    from tamesu.base import plain

    fitted, rows = made.fitted, made.found.rows
    columns = zip(
        rows.types, _came(rows), fitted.weights.tolist(), fitted.caps.tolist(), strict=True
    )
    return {
        "surrogate": plain(made.surrogate),
        "power": fitted.has_power,
        "events": [
            {"type": name, "deliveries": count, "weight": weight, "most": cap}
            | {"rare": name in fitted.rare}
            for name, count, weight, cap in columns
        ],
        "arms": [{"arm": one.name, **_rest(one)} for one in made.left],
        "quarters": [{"part": one.name, **_rest(one)} for one in made.moved],
        "left_out": dict(made.found.left_out),
        "strangers": made.found.strangers,
        "declaration": made.declaration,
    }


def _rest(one: Left) -> dict[str, Any]:
    told = one._asdict() | {"error": one.error if math.isfinite(one.error) else None}
    del told["name"]
    return told


def _came(rows: Followed) -> list[int]:
    """(p,) deliveries with an early event of each type."""
    import numpy as np

    counts: list[int] = np.count_nonzero(rows.early, axis=0).tolist()
    return counts
