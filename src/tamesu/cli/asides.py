"""`tamesu asides`: records that no observation was made of, and why. Refuses to take them in after all."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from tamesu.cli.options import Data, Json

SHOWN = 20
"""Records listed, if not told otherwise."""


def asides(  # noqa: PLR0913 - its options
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="[NAME]",
            help="The bandit's name; without it those of all, and those that name none.",
            show_default=False,
        ),
    ] = None,
    *,
    why: Annotated[
        str | None,
        typer.Option(
            metavar="REASON", help="poison, too_old or orphan only.", show_default="all of them"
        ),
    ] = None,
    limit: Annotated[
        int, typer.Option(metavar="N", min=1, max=1_000, help="How many to list.")
    ] = SHOWN,
    after: Annotated[
        str | None,
        typer.Option(
            metavar="PLACE", help="Go on after this one, as it was said.", show_default=False
        ),
    ] = None,
    export: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Write all of them to a file instead: .jsonl, .csv or .parquet.",
            show_default=False,
        ),
    ] = None,
    data: Data = None,
    json: Json = False,
) -> None:
    """List the records that were set aside: what could not be read or joined, and why.

    A record is poison if it cannot be read or says what cannot be, too_old if its time lies further
    back than is believed, an orphan if its decision never came. The newest come first. They are read
    from the archive in the data folder, whether servers run or not, as far as the trainer has committed.
    """
    from tamesu.cli.exports import write_rows
    from tamesu.cli.output import console, write_json
    from tamesu.serve.core.asides import described
    from tamesu.wiring import load_settings, open_asides

    with open_asides(load_settings({"data": data})) as kept:
        if export is not None:
            rows = write_rows(export, COLUMNS, (described(one) for one in kept.all(name, why)))
            _say_written(export, rows, json=json)
            return
        page = asyncio.run(kept.page(name, why=why, limit=limit, after=after))
    if json:
        write_json(page)
        return
    out = console()
    if not page["asides"]:
        out.print("nothing was set aside")
        return
    for one in page["asides"]:
        for line in _lines(one):
            out.print(line, soft_wrap=True, markup=False)
    if page["next"]:
        out.print(f"more:  --after {page['next']}", markup=False)


COLUMNS = {
    "received": str,
    "why": str,
    "reason": str,
    "bandit": str,
    "key": str,
    "kind": str,
    "body": str,
    "body_bytes": int,
    "place": str,
}
"""What an export says of each, and the types."""

_MOST = 200


def _lines(one: Mapping[str, Any]) -> list[str]:
    """One record for a person: ids and bodies are too long for the cells of a table."""
    received = f"{one['received'][:23].replace('T', ' ')} UTC"
    body = one["body"] if len(one["body"]) <= _MOST else f"{one['body'][:_MOST]} …"
    whose = one["bandit"] or "no bandit that can be named"
    return [
        f"{received}  {one['why']}: {one['reason']}",
        f"    {whose}  {one['key']}",
        f"    {body}",
    ]


def _say_written(path: Path, rows: int, *, json: bool) -> None:
    from tamesu.cli.output import console, write_json

    if json:
        write_json({"file": str(path), "rows": rows})
    else:
        console().print(f"{rows:,} rows in {path}", markup=False, soft_wrap=True)
