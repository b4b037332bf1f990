"""`tamesu bandit update`, `freeze`, `resume`, `rollback`, `delete`.

What a person may not have meant is shown before it is done. Refuses to guess a yes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from tamesu.cli.bandit import File, Name
from tamesu.cli.options import Json, Url

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tamesu.cli.difference import Change

Yes = Annotated[bool, typer.Option("--yes", help="Do it without asking.")]


def update(  # noqa: PLR0913 - the options of a command
    file: File,
    *,
    warm: Annotated[
        bool,
        typer.Option(
            "--warm",
            help="Where what was learnt cannot stay, begin from the archive and not from the prior.",
        ),
    ] = False,
    yes: Yes = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would change, and change nothing.")
    ] = False,
    url: Url = None,
    json: Json = False,
) -> None:
    """Declare a running bandit anew, under its next number.

    Shows what would change, and whether what was learnt stays: it does while belief, layout and what
    features become are the same. Decisions that were made before are judged by the declaration that made them.
    """
    from tamesu.base import Arm, Declaration
    from tamesu.cli.asking import consent
    from tamesu.cli.commanded import say
    from tamesu.cli.difference import difference
    from tamesu.cli.output import write_json
    from tamesu.cli.remote import connect
    from tamesu.client.arguments import read_declaration
    from tamesu.policy import compose
    from tamesu.train import keeps_state

    data = read_declaration(file)
    new = Declaration.parse(data)
    compose(new).check()
    with connect(url) as client:
        served = client.bandit(new.name)
        old = Declaration.parse(served["declaration"])
        if old.seed is not None:
            new = new.with_seed(old.seed)
        arms = client.arms(new.name)["arms"]
        active = {
            arm["arm"]: Arm(id=arm["arm"], metadata=arm["metadata"], features=arm["features"])
            for arm in arms
            if arm["status"] == "active"
        }
        changes = difference(old, new, active)
        state = "kept" if keeps_state(old, new) else "warm" if warm else "new"
        if not json:
            _show(served, changes, state)
        if not changes or dry_run:
            if json:
                unchanged = {"bandit": new.name, "number": served["number"], "state": state}
                write_json({**unchanged, "changes": [each._asdict() for each in changes]})
            return
        number = served["number"]
        if not consent(f"declare it as number {number + 1}?", yes=yes):
            raise typer.Exit(1)
        told = client.update(data, number, warm=warm)
    done = f"{new.name} has declaration {told.get('number')}, served by snapshot {told.get('snapshot')}"
    if json:
        told = {**told, "changes": [each._asdict() for each in changes]}
    say(told, done, json=json)


def freeze(name: Name, *, url: Url = None, json: Json = False) -> None:
    """Let a bandit decide by what it has learnt so far, and learn nothing more until it is resumed.

    What comes in meanwhile is kept, and learnt when it is resumed.
    """
    from tamesu.cli.commanded import say
    from tamesu.cli.remote import connect

    with connect(url) as client:
        told = client.freeze(name)
    resume_it = f"what comes in waits for:  tamesu bandit resume {name}"
    lines = {
        "frozen": f"{name} is frozen: it decides by snapshot {told.get('snapshot')}\n{resume_it}",
        "rolled_back": f"{name} was rolled back, and learns nothing already\n{resume_it}",
    }
    say(told, lines, json=json)


def resume(name: Name, *, url: Url = None, json: Json = False) -> None:
    """Let a bandit that is frozen or rolled back learn again, beginning with what waited."""
    from tamesu.cli.commanded import say
    from tamesu.cli.remote import connect

    with connect(url) as client:
        told = client.resume(name)
    observations = f"observations learnt: {told.get('observations', 0):,}"
    line = f"{name} learns again, served by snapshot {told.get('snapshot')}, {observations}"
    say(told, line, json=json)


def rollback(
    name: Name,
    version: Annotated[
        int,
        typer.Argument(
            metavar="VERSION",
            min=0,
            help="A kept snapshot's, as `tamesu bandit snapshots` lists them; 0 is the prior.",
        ),
    ],
    *,
    url: Url = None,
    json: Json = False,
) -> None:
    """Let a bandit decide by what an older snapshot had learnt, and learn nothing more until resumed.

    What it learnt after that snapshot is left behind, and stays in the archive. What comes of decisions
    from now on is kept, and learnt upon the older state when it is resumed. Its arms stay as they are.
    """
    from tamesu.cli.commanded import say
    from tamesu.cli.remote import connect

    with connect(url) as client:
        told = client.rollback(name, version)
    line = (
        f"{name} decides by what snapshot {version} had learnt, as snapshot {told.get('snapshot')}\n"
        f"what comes in waits for:  tamesu bandit resume {name}"
    )
    say(told, line, json=json)


def delete(name: Name, *, yes: Yes = False, url: Url = None, json: Json = False) -> None:
    """Delete a bandit: it decides no more, and starts over if its name is used again.

    Its records stay in log and archive, and events of its last decisions still count there.
    """
    from tamesu.cli.asking import consent
    from tamesu.cli.commanded import say
    from tamesu.cli.output import progress_console
    from tamesu.cli.remote import connect

    with connect(url) as client:
        if not yes:
            known = client.report(name)["observations"]
            progress_console().print(
                f"{name} would decide no more; what it learnt from {known:,} observations is let go",
                markup=False,
                soft_wrap=True,
            )
        if not consent(f"delete {name}?", yes=yes):
            raise typer.Exit(1)
        told = client.delete(name)
    line = f"{name} is deleted\nuse its name again:  tamesu bandit create FILE"
    say(told, line, json=json)


def _show(served: dict[str, Any], changes: Sequence[Change], state: str) -> None:
    """What would change, for a person."""
    from tamesu.cli.output import console, table

    out = console()
    name, number = served["name"], served["number"]
    if not changes:
        out.print(f"{name} is declared so already, as number {number}", markup=False)
        return
    out.print(table(f"{name}, declaration {number}", ["setting", "is now", "would be"], changes))
    means = {
        "kept": "what was learnt stays: it means the same",
        "new": "what was learnt does NOT stay: belief, layout, context or what a reward is worth is another; it "
        "begins from the prior (--warm: from the archive)",
        "warm": "belief, layout, context or what a reward is worth is another: it begins from what the archive "
        "teaches it",
    }
    out.print(means[state], markup=False, soft_wrap=True)
