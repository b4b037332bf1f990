"""`tamesu arms`: a running bandit's arms listed, added, retired and revived.

Refuses to declare a bandit anew for that: what it has learnt stays.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from tamesu.cli.group import group
from tamesu.cli.objects import read_object
from tamesu.cli.options import Json, Url

app = group("List, add, retire and revive the arms of a running bandit.")

Name = Annotated[str, typer.Argument(metavar="NAME", help="The bandit's name.")]
Arms = Annotated[list[str], typer.Argument(metavar="ARM…", help="Ids of the arms.")]


@app.command("list")
def list_(name: Name, *, url: Url = None, json: Json = False) -> None:
    """List the arms: those that may be chosen, then those that were retired."""
    from tamesu.cli.output import console, table, write_json
    from tamesu.cli.remote import connect

    with connect(url) as client:
        told = client.arms(name)
    if json:
        write_json(told)
        return
    arms = told["arms"]
    active = sum(arm["status"] == "active" for arm in arms)
    told_of = [what for what in ("metadata", "features") if any(arm[what] for arm in arms)]
    rows = [
        (arm["arm"], arm["status"], *(_in_short(arm[what]) for what in told_of)) for arm in arms
    ]
    out = console()
    out.print(f"{name}, roster {told['roster']}: active {active:,}, retired {len(arms) - active:,}")
    out.print(table("", ["arm", "status", *told_of], rows))


@app.command()
def add(  # noqa: PLR0913 - the words of a command line
    name: Name,
    arms: Arms,
    *,
    metadata: Annotated[
        str | None,
        typer.Option(
            metavar="JSON",
            help="An object to keep with each of them.",
            show_default="what an arm has stays",
        ),
    ] = None,
    features: Annotated[
        str | None,
        typer.Option(
            metavar="JSON",
            help="An object: what each of them tells of itself, as arm_features asks.",
            show_default="what an arm tells stays",
        ),
    ] = None,
    url: Url = None,
    json: Json = False,
) -> None:
    """Add arms; change metadata and features of those that are there already.

    A new arm starts from the prior, a retired one is revived with what was learnt of it. All of them
    are added in one step, or none is.
    """
    given = {"metadata": metadata, "features": features}
    said = {
        what: read_object(text, f"--{what}") for what, text in given.items() if text is not None
    }
    wanted = [{"id": arm, **said} if said else arm for arm in arms]
    _change(name, {"add": wanted}, url, json=json)


@app.command()
def retire(name: Name, arms: Arms, *, url: Url = None, json: Json = False) -> None:
    """Retire arms: they are chosen no more.

    What was learnt of them is kept, and events of decisions that were made before still count. All of
    them are retired in one step, or none is.
    """
    _change(name, {"retire": arms}, url, json=json)


@app.command()
def revive(name: Name, arms: Arms, *, url: Url = None, json: Json = False) -> None:
    """Revive retired arms, with what was learnt of them and with their metadata.

    One that was never there is refused: `tamesu arms add` adds it.
    """
    from tamesu.base import NotFound
    from tamesu.cli.remote import connect

    with connect(url) as client:
        known = {arm["arm"]: None for arm in client.arms(name)["arms"]}
    unknown = [arm for arm in arms if arm not in known]
    if unknown:
        raise NotFound.arms(unknown, known)
    _change(name, {"add": arms}, url, json=json)


def _change(name: str, change: Mapping[str, Any], url: str | None, *, json: bool) -> None:
    from tamesu.cli.commanded import say
    from tamesu.cli.remote import connect

    with connect(url) as client:
        told = client.change_arms(name, **change)
    counts = {what: told.get(what, 0) for what in ("added", "changed", "revived", "retired")}
    done = ", ".join(f"{what} {count:,}" for what, count in counts.items() if count)
    say(told, f"{name}, roster {told.get('roster')}: {done or 'nothing to change'}", json=json)


def _in_short(metadata: Mapping[str, Any]) -> str:
    """Metadata in one line."""
    import json

    return json.dumps(metadata, ensure_ascii=False) if metadata else ""
