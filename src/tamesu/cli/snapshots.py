"""`tamesu bandit snapshots`: kept versions listed and pinned. Refuses to drop any."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from tamesu.cli.bandit import Name
from tamesu.cli.options import Json, Url

KEPT = {
    "newest": "the newest",
    "pinned": "pinned",
    "command": "a command made it",
    "recent": "of the last hour",
    "minutely": "last of its minute, for a day",
    "hourly": "last of its hour, for 90 days",
    None: "may go at any time",
}
"""Why a snapshot stays, in words."""


def snapshots(  # noqa: PLR0913 - the options of a command
    name: Name,
    *,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many, the newest first.")] = 20,
    before: Annotated[
        int | None,
        typer.Option(min=0, metavar="VERSION", help="Only older ones.", show_default="all"),
    ] = None,
    pin: Annotated[
        list[int] | None,
        typer.Option(metavar="VERSION", help="Keep it for ever; may be said several times."),
    ] = None,
    unpin: Annotated[
        list[int] | None,
        typer.Option(metavar="VERSION", help="Keep it no longer than others; the same."),
    ] = None,
    url: Url = None,
    json: Json = False,
) -> None:
    """List the snapshots of a bandit that are kept, and why; pin those that must stay.

    A bandit can be rolled back to any of them.
    """
    from tamesu.cli.output import console, table, write_json
    from tamesu.cli.remote import connect

    with connect(url) as client:
        for version in pin or []:
            client.pin(name, version)
        for version in unpin or []:
            client.unpin(name, version)
        told = client.snapshots(name, limit, before)
    if json:
        write_json(told)
        return
    out = console()
    if not told["snapshots"]:
        out.print(f"{name} has no snapshots yet: the prior decides", markup=False)
        return
    columns = [">version", "made (UTC)", "status", ">learnt", ">number", "kept"]
    rows = [_row(one, served=told["served"]) for one in told["snapshots"]]
    out.print(table(name, columns, rows))
    out.print("* decides now · learnt: observations · number: of the declaration", style="dim")
    if told["more"]:
        last = told["snapshots"][-1]["version"]
        out.print(f"older ones:  tamesu bandit snapshots {name} --before {last}", markup=False)


def _row(one: dict[str, Any], *, served: int) -> tuple[object, ...]:
    version = f"{one['version']}{' *' if one['version'] == served else ''}"
    why = KEPT.get(one["kept"], one["kept"])
    return (
        version,
        one["created"][:19].replace("T", " "),
        one["status"].replace("_", " "),
        f"{one['observations']:,}",
        one["declaration"],
        why,
    )
