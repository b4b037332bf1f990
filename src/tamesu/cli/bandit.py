"""`tamesu bandit`: declarations checked, created, listed, shown. Refuses to change what is there."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from tamesu.cli.examination import examination
from tamesu.cli.group import group
from tamesu.cli.options import Json, Url
from tamesu.cli.priors import priors

app = group("Check, create, list, show, change and delete bandits.")

File = Annotated[
    Path,
    typer.Argument(metavar="FILE", help="A declaration in YAML or JSON, as `tamesu init` writes."),
]
Name = Annotated[str, typer.Argument(metavar="NAME", help="The bandit's name.")]


@app.command()
def check(file: File, *, json: Json = False) -> None:
    """Check a declaration and say what it means, defaults spelt out. Needs no server.

    Each row is one setting: its value, whether you wrote it or it is the default, and what follows
    from it.
    """
    from tamesu.base import Declaration
    from tamesu.cli.meaning import meanings
    from tamesu.cli.output import console, table, write_json
    from tamesu.client.arguments import read_declaration
    from tamesu.policy import compose

    data = read_declaration(file)
    declaration = Declaration.parse(data)
    policy = compose(declaration).check()
    rows = meanings(declaration, data, policy.size)
    if json:
        write_json(
            {
                "valid": True,
                "declaration": declaration.plain(),
                "settings": [row._asdict() for row in rows],
            }
        )
        return
    out = console()
    made = table(
        f"{declaration.name} is valid",
        ["setting", "value", "what it means"],
        [
            (row.setting, row.value if row.declared else f"{row.value} *", row.meaning)
            for row in rows
        ],
    )
    out.print(made)
    out.print("* the default: you did not write it", style="dim")
    out.print(f"create it:  tamesu bandit create {file}", soft_wrap=True, markup=False)


app.command()(priors)
app.command()(examination)


@app.command()
def create(file: File, *, url: Url = None, json: Json = False) -> None:
    """Declare a bandit to the running server. It decides at once, and learns from the first events."""
    from tamesu.base import Declaration
    from tamesu.cli.output import console, write_json
    from tamesu.cli.remote import connect
    from tamesu.client.arguments import read_declaration

    data = read_declaration(file)
    with connect(url) as client:
        made = client.create(data)
    if json:
        write_json(made)
        return
    out = console()
    out.print(f"created {made['name']} with {made['arms']} arms", markup=False)
    context = Declaration.parse(data).context
    needed = [f'"{name}": …' for name, feature in context.items() if feature.missing is None]
    told = f" --context '{{{', '.join(needed)}}}'" if needed else ""
    out.print(f"ask it:  tamesu decide {made['name']}{told}", markup=False)


@app.command("list")
def list_(*, url: Url = None, json: Json = False) -> None:
    """List the bandits of the running server."""
    from tamesu.cli.output import console, table, write_json
    from tamesu.cli.remote import connect

    with connect(url) as client:
        bandits = client.bandits()
    if json:
        write_json({"bandits": bandits})
        return
    out = console()
    if not bandits:
        out.print("no bandits yet; create one:  tamesu bandit create bandit.yaml", markup=False)
        return
    columns = ["name", "layout", ">arms", "status", ">snapshot", "created", "description"]
    out.print(table("", columns, map(_in_short, bandits)))


@app.command()
def show(name: Name, *, url: Url = None, json: Json = False) -> None:
    """Show what a bandit has learnt, arm by arm, and where its records are."""
    from tamesu.cli.output import console, write_json
    from tamesu.cli.remote import connect
    from tamesu.cli.report import arms_table, conservation_table
    from tamesu.cli.results import beneath_arms
    from tamesu.cli.wanted import believed_table

    with connect(url) as client:
        bandit = client.bandit(name)
        report = client.report(name)
        conservation = client.conservation(name)
    if json:
        write_json({**bandit, "report": report, "conservation": conservation})
        return
    out = console()
    out.print(_headline(bandit, report), markup=False)
    for concern in report["concerns"]:
        out.print(f"{concern['detail']}\nhint: {concern['hint']}", style="bold red", markup=False)
    out.print(arms_table(report["arms"]))
    if beneath := beneath_arms(bandit["declaration"]):
        out.print(beneath, style="dim", markup=False)
    ranked = sorted(report["arms"], key=lambda arm: (-arm["share"], arm["arm"]))
    by_objective = believed_table(ranked, len(ranked))
    if by_objective is not None:
        out.print(by_objective)
    out.print(conservation_table(conservation))


def _headline(bandit: dict[str, Any], report: dict[str, Any]) -> str:
    about = f": {bandit['description']}" if bandit["description"] else ""
    learnt = (
        f"{bandit['status'].replace('_', ' ')}, declaration {bandit['number']}, snapshot {report['snapshot']}, "
        f"observations learnt: {report['observations']:,}"
    )
    first = [f"{bandit['name']}{about}", learnt, *_standing_for(bandit["declaration"])]
    return "\n".join([*first, *_waiting(bandit), *_medians(report)])


def _standing_for(declaration: dict[str, Any]) -> list[str]:
    """What a reward is a surrogate of; none where it is what is wanted itself."""
    fitted = declaration["reward"].get("surrogate")
    if not fitted:
        return []
    span = f"{fitted['rows']:,} deliveries up to {fitted['until'][:10]}"
    return [f"its reward stands for {fitted['later']} within {fitted['within']}, fitted to {span}"]


def _waiting(bandit: dict[str, Any]) -> list[str]:
    """What a bandit that does not learn waits for."""
    if bandit["status"] == "learning":
        return []
    return [f"it learns nothing: what comes in waits for  tamesu bandit resume {bandit['name']}"]


def _medians(report: dict[str, Any]) -> list[str]:
    """How fresh decisions are, in one line; none before one was made by what was learnt."""
    freshness, delay = report["freshness_s"]["p50"], report["learning_delay_s"]["p50"]
    if freshness is None:
        return []
    waited = "" if delay is None else f", learning delay {delay:.2f} s"
    return [f"freshness {freshness:.2f} s{waited} (medians of all servers since they started)"]


def _in_short(bandit: dict[str, Any]) -> tuple[object, ...]:
    names = ("name", "layout", "arms", "status", "snapshot")
    # The day is enough: names are what people look for, and must not wrap at 80 columns.
    return (*(bandit[name] for name in names), bandit["created"][:10], bandit["description"])
