"""`tamesu arms sync`: a bandit's arms made those of a source, now.

Refuses to retire more than a share of them unprompted.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tamesu.cli.options import Json, Url

if TYPE_CHECKING:
    from tamesu.client import Client
    from tamesu.sync import Difference, Standing

PATIENCE_S = 120.0
"""Longest wait for the trainer: a hundred thousand arms are a large change."""

SHOWN = 10
"""Arms of a kind that a person is shown."""


class _Served:
    """A bandit behind a server."""

    def __init__(self, client: Client, name: str) -> None:
        self._client = client
        self.name = name

    def standing(self) -> Standing:
        from tamesu.base.feature import read_schema
        from tamesu.sync import Standing

        told = self._client.arms(self.name)
        asked = self._client.bandit(self.name)["declaration"]
        arms = told["arms"]
        return Standing(
            roster=told["roster"],
            active={arm["arm"]: arm["metadata"] for arm in arms if arm["status"] == "active"},
            retired=frozenset(arm["arm"] for arm in arms if arm["status"] == "retired"),
            features={arm["arm"]: arm["features"] for arm in arms if arm["status"] == "active"},
            schema=read_schema(asked.get("arm_features", {}), "arm_features"),
        )

    def change(self, body: Mapping[str, Any]) -> dict[str, Any]:
        return self._client.change_arms(self.name, **body)


def sync(  # noqa: PLR0913 - a command has as many options as it has
    name: Annotated[str, typer.Argument(metavar="NAME", help="The bandit's name.")],
    *,
    from_: Annotated[
        str,
        typer.Option(
            "--from",
            metavar="SOURCE",
            help="FILE.csv, FILE.parquet, FILE.jsonl, URL of a database, module:function, env:NAME.",
        ),
    ],
    query: Annotated[
        str | None,
        typer.Option("--query", metavar="SQL", help="What gives the arms, for a database."),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would change, and change nothing.")
    ] = False,
    limit: Annotated[
        float,
        typer.Option(
            "--limit", metavar="SHARE", min=0.0, max=1.0, help="Most of the arms to retire."
        ),
    ] = 0.2,
    force: Annotated[
        bool, typer.Option("--force", help="Retire as many as are missing, whatever the limit.")
    ] = False,
    url: Url = None,
    json: Json = False,
) -> None:
    """Make the active arms exactly those of SOURCE: missing ones are retired, others added or revived.

    What was learnt stays: an arm that stays keeps it, one that is revived finds it again. SOURCE has a
    column id; columns features.NAME, or others that the declaration asks of arms, are what an arm tells;
    its other columns, or the one called metadata, become metadata. All is changed in one
    step, or nothing is.
    """
    from tamesu.cli.commanded import say
    from tamesu.cli.output import console, write_json
    from tamesu.cli.remote import connect
    from tamesu.sync import bring
    from tamesu.wiring import open_source

    source = open_source(from_, query)
    wanted = source.read()
    with connect(url, patience_s=PATIENCE_S) as client:
        synced = bring(
            _Served(client, name),
            wanted,
            source=_made_by(source.name),
            limit=1.0 if force else limit,
            dry=dry_run,
        )
    counts = synced.difference.counts
    if synced.told is not None:
        done = _in_words(counts)
        say(synced.told, f"{name}, roster {synced.told.get('roster')}: {done}", json=json)
        return
    if json:
        write_json({"bandit": name, "status": "dry run" if dry_run else "unchanged", **counts})
        return
    out = console()
    if synced.difference.is_empty:
        out.print(f"{name}: nothing to change, {len(wanted):,} arms are as in {source.name}")
        return
    out.print(f"{name} would change: {_in_words(counts)}; nothing was changed (--dry-run)")
    for what, arms in _parts(synced.difference).items():
        shown = ", ".join(arms[:SHOWN])
        more = f", … ({len(arms) - SHOWN:,} more)" if len(arms) > SHOWN else ""
        out.print(f"  {what}: {shown}{more}", markup=False)


def _parts(difference: Difference) -> dict[str, list[str]]:
    """Ids by what is to be done to them."""
    parts = {
        "add": [arm.id for arm in difference.added],
        "change": [arm.id for arm in difference.changed],
        "revive": [arm.id for arm in difference.revived],
        "retire": list(difference.retired),
    }
    return {what: arms for what, arms in parts.items() if arms}


def _in_words(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{what} {count:,}" for what, count in counts.items() if count)


def _made_by(source: str) -> str:
    """The source and who synced it, as the history tells it."""
    import getpass

    from tamesu.base.arms_change import MAX_SOURCE_CHARS

    try:
        who = getpass.getuser()
    except (KeyError, OSError):
        who = "somebody"
    text = f"{source}, by {who}"[:MAX_SOURCE_CHARS]
    return "".join(each if each.isprintable() else "?" for each in text)
