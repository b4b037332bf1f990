"""The summary as a person reads it: did it learn, how sure is that, at what speed, was anything lost.

Refuses to compute: every number stands in the summary.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tamesu.cli.demo.summary import Summary
from tamesu.cli.output import console, table
from tamesu.cli.report import conservation_table

if TYPE_CHECKING:
    from rich.table import Table

MOST_ARMS = 8
LEGEND = (
    "shown: share of the places in the last tenth. first: chance of the first place now. believed: "
    "click rate, as learnt. true: click rate in the places where it stood.\n"
)
SURE = 0.999
RATHER_SURE = 0.95


def show(summary: Summary) -> None:
    """Prints the summary on stdout."""
    out = console()
    out.print(_clicks(summary))
    out.print(_verdict(summary), markup=False)
    out.print()
    out.print(_arms(summary))
    out.print(LEGEND, style="dim")
    out.print(_speed(summary))
    out.print(conservation_table(summary.conservation, summary.sent))
    out.print(_agreement(summary), markup=False)


def _clicks(summary: Summary) -> Table:
    rate, interval = summary.click_rate, summary.click_rate_interval
    rows: list[tuple[str, str, str, str]] = []
    for name in ("first", "last"):
        deliveries, clicks = summary.clicks[name]
        low, high = interval[name]
        rows.append(
            (
                f"{name} tenth of decisions",
                f"{rate[name]:.2%}",
                f"{low:.2%} to {high:.2%}",
                f"{clicks:,} of {deliveries:,}",
            )
        )
    best = ", ".join(summary.best_arms)
    rows += [
        ("the shop's random choice", f"{rate['logged']:.2%}", "", "as logged"),
        ("best three arms, any order", f"{rate['best_any_order']:.2%}", "", "true rates"),
        ("best three, each in its place", f"{rate['best']:.2%}", "", best),
    ]
    columns = ["", ">click rate", ">95 % interval", ">clicks"]
    return table("Did it learn?", columns, rows)


def _verdict(summary: Summary) -> str:
    rise = summary.rise
    low, high = _points(rise["low"]), _points(rise["high"])
    change = f"{_points(rise['difference'])} points (95 % interval {low} to {high})"
    sure = rise["probability"]
    true = summary.click_rate_true
    truth = f" By the true rates of what it showed: from {true['first']:.2%} to {true['last']:.2%}."
    if sure >= SURE:
        odds = "more than 99.99 %" if sure > 0.9999 else f"{sure:.2%}"  # noqa: PLR2004 - no more digits than are known
        return f"Yes: {change}; it is real with a probability of {odds}.{truth}"
    if sure >= RATHER_SURE:
        return f"Probably: {change}; it is real with a probability of {sure:.1%}.{truth}"
    return f"Not sure: {change} may be chance; try a longer run, --seconds 180.{truth}"


def _points(share: float) -> str:
    return f"{share * 100:+.2f}"


def _arms(summary: Summary) -> Table:
    rows: list[tuple[str, ...]] = [
        (
            arm["arm"],
            f"{arm['shown']:.1%}",
            f"{arm['share']:.1%}",
            f"{arm['mean']:.2%}",
            f"{arm['low']:.2%} to {arm['high']:.2%}",
            "" if arm["true"] is None else f"{arm['true']:.2%}",
            f"{arm['observations']:,}",
        )
        for arm in summary.arms[:MOST_ARMS]
    ]
    rest = summary.arms[MOST_ARMS:]
    rows.append(
        (
            f"{len(rest)} more",
            f"{sum(arm['shown'] for arm in rest):.1%}",
            f"{sum(arm['share'] for arm in rest):.1%}",
            "",
            "",
            "",
            f"{sum(arm['observations'] for arm in rest):,}",
        )
    )
    columns = ["arm", ">shown", ">first", ">believed", ">95 % interval", ">true", ">learnt from"]
    return table("What does it believe?", columns, rows)


def _speed(summary: Summary) -> Table:
    latency, fresh, delay = summary.latency_ms, summary.freshness_s, summary.learning_delay_s
    died = " and ".join(role for role, count in summary.restarts_by_role.items() if count)
    rows = [
        (
            "decisions",
            f"{summary.decisions:,}",
            f"{summary.decisions_per_s:,.0f} a second, each on disk before its answer",
        ),
        (
            "one decision",
            f"{latency['p50']:.1f} ms",
            f"as the client sees it; 99 of 100 within {latency['p99']:.1f} ms",
        ),
        ("events", f"{summary.events:,}", "impressions and clicks, repeats included"),
        (
            "observations",
            f"{summary.observations:,}",
            f"learnt from, in {summary.snapshot:,} snapshots",
        ),
        (
            "freshness",
            _seconds(fresh["p50"]),
            f"from final to served; 95 of 100 within {_seconds(fresh['p95'])}",
        ),
        (
            "learning delay",
            _seconds(delay["p50"]),
            "from click to served, median; 3 s are the window",
        ),
        (
            "restarts",
            f"{summary.restarts}",
            f"{died}; it went on from its last commit" if died else "nothing died",
        ),
    ]
    return table("At what speed?", ["", ">", ""], rows)


def _seconds(value: float | None) -> str:
    return "unknown" if value is None else f"{value:.2f} s"


def _agreement(summary: Summary) -> str:
    killed = " and a killed trainer" if summary.restarts else ""
    if summary.agrees and not summary.conservation["difference"]:
        return (
            "Every record is accounted for, and what was found is what was sent: nothing lost, "
            f"nothing counted twice, in spite of repeats, late and lost events{killed}."
        )
    return (
        "What was found differs from what was sent; on a very busy machine events may have been "
        "late for their windows."
    )
