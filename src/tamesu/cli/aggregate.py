"""`tamesu aggregate`: what the archive adds up to, and the state that makes. Refuses to repair a state."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tamesu.cli.options import Data, Json

if TYPE_CHECKING:
    from tamesu.base import Sum
    from tamesu.engine import Summed


def aggregate(
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="[NAME]",
            help="The bandit's name; without it all of them are summed up.",
            show_default=False,
        ),
    ] = None,
    *,
    export: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Write a row per bandit, declaration, hour and arm: .jsonl, .csv or .parquet.",
            show_default=False,
        ),
    ] = None,
    data: Data = None,
    json: Json = False,
) -> None:
    """Sum up the archived observations by bandit, declaration, hour and arm.

    The hour is that of the decision; a correction counts there, as a difference. The trainer does this
    each hour; this command adds what came since. Again with nothing new, it changes nothing. Where a
    bandit learns counts, the state made from the sums is held against the one that is served: if they
    differ, the exit code is 1.
    """
    from tamesu.base import NotFound
    from tamesu.cli.exports import write_rows
    from tamesu.cli.output import console, write_json
    from tamesu.engine import summed
    from tamesu.wiring import load_settings, open_aggregates, open_kept

    settings = load_settings({"data": data})
    with open_kept(settings) as (store, archive):
        known = store.declarations()
        if name is not None and name not in known:
            raise NotFound.bandit(name, known)
        aggregates = open_aggregates(settings)
        names = sorted(known) if name is None else [name]
        told = [summed(store, archive, aggregates, one) for one in names]
    rows = (
        write_rows(export, COLUMNS, (row for one in told for row in _rows(one)))
        if export is not None
        else None
    )
    if json:
        write_json({"bandits": [_plain(one) for one in told], "file": export and str(export)})
    else:
        out = console()
        for one in told:
            out.print(_table(one))
            out.print(_verdict(one), markup=False, soft_wrap=True)
        if rows is not None:
            out.print(f"{rows:,} rows in {export}", markup=False, soft_wrap=True)
    if any(one.is_equal is False for one in told):
        raise typer.Exit(1)


COLUMNS = {
    "bandit": str,
    "declaration": int,
    "hour": str,
    "arm": str,
    "deliveries": int,
    "fallbacks": int,
    "observed": int,
    "corrections": int,
    "reward": float,
}
"""What an export says of each hour and arm, and the types."""


def _rows(told: Summed) -> Iterator[Mapping[str, Any]]:
    """A row per declaration, hour and arm."""
    for number, parts in told.sums.items():
        for part in parts:
            key = {"bandit": told.bandit, "declaration": number, "hour": part.hour.text()}
            yield {**key, "arm": part.arm, **_counts(part)}


def _counts(part: Sum) -> dict[str, Any]:
    from tamesu.base import GRID

    return {
        "deliveries": part.deliveries,
        "fallbacks": part.fallbacks,
        "observed": part.observed,
        "corrections": part.corrections,
        "reward": part.reward / GRID,
    }


def _by_arm(told: Summed) -> list[Sum]:
    """All hours and declarations together, the most observed arms first."""
    arms: dict[str, Sum] = {}
    for parts in told.sums.values():
        for part in parts:
            arms[part.arm] = arms[part.arm] + part if part.arm in arms else part
    return sorted(arms.values(), key=lambda one: (-one.observed, one.arm))


def _plain(told: Summed) -> dict[str, Any]:
    return {
        "bandit": told.bandit,
        "snapshot": told.version,
        "equal": told.is_equal,
        "why": told.why or None,
        "arms": [{"arm": part.arm, **_counts(part)} for part in _by_arm(told)],
    }


def _table(told: Summed) -> Any:
    from tamesu.cli.output import table

    columns = ["arm", ">deliveries", ">observed", ">mean reward", ">corrections", ">by fallback"]
    rows = []
    for part in _by_arm(told):
        counts = _counts(part)
        mean = f"{counts['reward'] / part.observed:.4f}" if part.observed else ""
        numbers = (part.corrections, part.fallbacks)
        rows.append(
            (
                part.arm,
                f"{part.deliveries:,}",
                f"{part.observed:,}",
                mean,
                *map("{:,}".format, numbers),
            )
        )
    return table(told.bandit, columns, rows)


def _verdict(told: Summed) -> str:
    if told.is_equal is None:
        return f"not held against what is served: {told.why}"
    if told.is_equal:
        return f"the state of snapshot {told.version} is the same, bit for bit"
    return (
        f"the state of snapshot {told.version} is ANOTHER than these sums make; "
        f"see  tamesu reconcile {told.bandit}"
    )
