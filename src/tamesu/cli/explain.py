"""`tamesu explain`: what was decided, why, the same again, and what came of it.

Refuses to compute: the server does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import typer

from tamesu.cli.options import Json, Url

SHOWN = 20
"""Arms in the table, if not told otherwise."""

EFFECTS = 4
"""Columns of a context in one row."""


def explain(
    decision: Annotated[
        str, typer.Argument(metavar="DECISION", help="A decision id, or one of its delivery ids.")
    ],
    *,
    arms: Annotated[
        int, typer.Option("--arms", metavar="N", min=1, help="How many arms to list.")
    ] = SHOWN,
    url: Url = None,
    json: Json = False,
) -> None:
    """Explain a decision: what was believed, what was chosen, the same again, and what came of it.

    The server reads the decision from the log, takes the snapshot that made it and makes it again. On
    the same versions and type of machine every number is the same to the last bit, elsewhere to nine
    decimals. If it is not, the exit code is 1.

    Then the events that came, each with its class and why, the observations and corrections that were
    made of them, and what is still open until when.
    """
    from tamesu.cli.aftermath import aftermath
    from tamesu.cli.output import console, write_json
    from tamesu.cli.remote import connect
    from tamesu.cli.wanted import believed_table
    from tamesu.cli.why import why

    with connect(url) as client:
        told = client.explain(decision)
    if json:
        write_json(told)
    else:
        out = console()
        first, *lines = _lines(told)
        out.print(first, soft_wrap=True, markup=False)  # an id, to be copied whole
        for line in lines:
            out.print(line, markup=False)
        out.print(_deliveries(told))
        if told["arms"]:
            out.print(_arms(told, arms))
        by_objective = believed_table(told["arms"], arms)
        if by_objective is not None:
            out.print(by_objective)
        if told["columns"]:
            out.print(_effects(told["arms"], arms))
        for line in [*why(told), *aftermath(told)]:
            out.print(line, markup=False)
    if told["again"]["same"] is False:
        raise typer.Exit(1)


def _lines(told: Mapping[str, Any]) -> list[str]:
    """What a person wants to know first."""
    from tamesu.cli.why import facts

    snapshot = told["snapshot"]
    learnt = "nothing was learnt yet"
    if snapshot["version"]:
        learnt = "no longer kept"
        if "observations" in snapshot:
            until = _moment(snapshot["watermark"])
            learnt = f"{snapshot['observations']:,} observations, up to {until}"
    lines = [
        told["decision_id"],
        f"decided {_moment(told['decided'])}, in the log at {_moment(told['received'])[11:]}",
        f"by snapshot {snapshot['version']} of {told['bandit']} ({learnt})",
    ]
    if told["eligible"] is not None:
        lines.append(f"eligible were {len(told['eligible']):,} arms")
    if told["unit"] is not None:
        lines.append(f"for {told['unit']}")
    if told["context"]:
        lines.append(f"in the context {facts(told['context'])}")
    if told["fallback"]:
        lines.append("by the FALLBACK: the policy could not answer; this teaches nothing")
    lines.append(f"made again: {_verdict(told['again'])}")
    if told["again"]["figures"]:
        values = (f"{name} = {value:.6g}" for name, value in told["again"]["figures"].items())
        lines.append(f"the explorer's {', '.join(values)}")
    return lines


def _verdict(again: Mapping[str, Any]) -> str:
    if again["same"] is None:
        return f"not possible, {again['why']}"
    if again["difference"] is None:
        return "OTHER ARMS"
    if not again["difference"]:
        return "the same, bit for bit" if again["same"] else "NOT THE SAME"
    off = f"off by {again['difference']:.2g} at most"
    return f"the same, {off}" if again["same"] else f"NOT THE SAME, {off}"


def _deliveries(told: Mapping[str, Any]) -> Any:
    from tamesu.cli.output import table

    second = {delivery["position"]: delivery for delivery in told["again"]["deliveries"]}
    rows: list[Sequence[object]] = []
    for delivery in told["deliveries"]:
        again = second.get(delivery["position"])
        rows.append(
            (
                delivery["position"],
                delivery["arm"],
                f"{delivery['propensity']:.6f}",
                f"{delivery['score']:.6f}",
                "" if again is None else f"{again['arm']}  {again['propensity']:.6f}",
            )
        )
    columns = [">position", "arm", ">propensity", ">mean reward", "made again"]
    return table("What was delivered", columns, rows)


def _arms(told: Mapping[str, Any], most: int) -> Any:
    from tamesu.cli.output import table

    arms = told["arms"]
    placed = any(arm.get("position") is not None for arm in arms)
    digits = 3 if placed else 4
    rows: list[Sequence[object]] = [
        (
            *([arm["position"]] if placed else []),
            arm["arm"],
            f"{arm['share']:.2%}",
            f"{arm['mean']:.4f}",
            f"{arm['low']:.{digits}f}–{arm['high']:.{digits}f}",
            f"{arm['observations']:,}",
            _notes(arm),
        )
        for arm in arms[:most]
    ]
    rest = len(arms) - len(rows) + told["arms_omitted"]
    if rest:
        rows.append((*([""] if placed else []), f"{rest:,} more", "", "", "", "", ""))
    who = [">at", "arm", ">there"] if placed else ["arm", ">first"]
    columns = [*who, ">mean\nreward", ">95 %\ninterval", ">learnt", ""]
    return table("What was believed then", columns, rows)


def _effects(arms: Sequence[Mapping[str, Any]], most: int) -> Any:
    from tamesu.cli.output import table

    rows = [
        (
            arm["arm"],
            f"{arm['base']:.4f}",
            ", ".join(
                f"{column} {change:+.4f}" for column, change in [*arm["effects"].items()][:EFFECTS]
            ),
            f"{arm['mean']:.4f}",
        )
        for arm in arms[:most]
        if arm["effects"] is not None
    ]
    columns = ["arm", ">in the mean\ncontext", "what this one changes most", ">mean\nreward"]
    return table("What the context changed", columns, rows)


def _notes(arm: Mapping[str, Any]) -> str:
    notes = []
    if arm["delivered"] is not None:
        notes.append(f"position {arm['delivered']}")
    if not arm["eligible"]:
        notes.append("not eligible")
    if not arm["active"]:
        notes.append("retired since")
    return ", ".join(notes)


def _moment(text: str) -> str:
    return f"{text[:23].replace('T', ' ')} UTC"
