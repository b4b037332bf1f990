"""`tamesu learn surrogate`: a reward that stands for a later value, fitted to a bandit's past.

Needs no server. Refuses to declare what it writes, and to write what has no power unless it is forced.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tamesu.cli.group import group
from tamesu.cli.learn.two_tower import two_tower
from tamesu.cli.options import Data, Json

if TYPE_CHECKING:
    from rich.console import Console

    from tamesu.cli.learn.fitting import Made

app = group("Learn from the past as a whole, before it becomes a declaration.")
app.command("two-tower")(two_tower)


@app.command()
def surrogate(  # noqa: PLR0913 - the options of a command
    name: Annotated[str, typer.Argument(metavar="NAME", help="The bandit's name.")],
    *,
    later: Annotated[
        str,
        typer.Option(
            metavar="WHAT",
            help="The later value: an event type of the bandit, such as purchase; or a .csv or "
            ".parquet file with the columns time, value, and delivery or unit.",
        ),
    ],
    within: Annotated[
        str,
        typer.Option(metavar="LENGTH", help="How long it grows from the anchor, such as 30d."),
    ],
    aggregate: Annotated[
        str,
        typer.Option(metavar="HOW", help="Of an event type: sum of the values, any, count, first."),
    ] = "sum",
    since: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            help="Leave out deliveries decided before; a file must have every row from then on.",
            show_default="all; of a file from its oldest row",
        ),
    ] = None,
    until: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            help="Of a file: until when it has every row.",
            show_default="its newest row",
        ),
    ] = None,
    declaration: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Weigh the events of this declaration, in its windows.",
            show_default="the newest",
        ),
    ] = None,
    belief: Annotated[
        str | None,
        typer.Option(
            metavar="KIND",
            help="Declare another belief: one that learns numbers, such as gaussian or linear.",
            show_default="as declared",
        ),
    ] = None,
    strength: Annotated[
        float | None,
        typer.Option(
            metavar="N",
            help="Start warm: each arm as sure as after its deliveries here, at most N.",
            show_default="start from the prior",
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Write the declaration with this reward into FILE, whatever is there.",
            show_default=False,
        ),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Write it even if early events tell nothing.")
    ] = False,
    data: Data = None,
    json: Json = False,
) -> None:
    """Fit a reward that stands for a later value, so that nobody waits weeks to learn from it.

    Of every delivery that is old enough, the events of its window are held against what it came to. A
    ridge regression says what each event adds, and deliveries that it was not fitted to say how well it
    tells. The weights are a reward like any other: learnt within minutes, aimed at what comes later.

    That is right where an arm changes the later value by way of these events alone. It is checked arm by
    arm: read the last table before you declare anything.
    """
    from tamesu.cli.learn.fitting import fit_to
    from tamesu.cli.learn.looking_back import look_back
    from tamesu.cli.learn.question import Words, question
    from tamesu.cli.learn.telling import as_json, tell
    from tamesu.cli.output import console, refuse_unwritable, write_json
    from tamesu.wiring import load_settings, open_past, open_unit_names

    if output is not None:
        refuse_unwritable(output, "the declaration")
    settings = load_settings({"data": data})
    words = Words(later, within, aggregate, since, until, declaration, belief, strength)
    with open_past(settings) as (store, source):
        asked = question(store, name, words, open_unit_names(settings))
        found = look_back(source, asked.asked)
    made = fit_to(asked, found, strength)
    is_written = output is not None and (made.fitted.has_power or force)
    if is_written and output is not None:
        _write(output, made.declaration)
    if json:
        write_json({**as_json(made), "written": str(output) if is_written else None})
    else:
        out = console()
        tell(out, made)
        _end(out, made, output if is_written else None, force=force)
    if not (made.fitted.has_power or force):
        raise typer.Exit(1)


def _end(out: Console, made: Made, output: Path | None, *, force: bool) -> None:
    """What to do next."""
    if not made.fitted.has_power:
        line = "early events do not tell this later value: what is left of them is chance"
        advice = "" if force else "; nothing is written without --force"
        out.print(f"{line}{advice}", style="bold red", markup=False, soft_wrap=True)
    if output is not None:
        out.print(f"written to {output}; look at it, then", markup=False, soft_wrap=True)
        out.print(f"  tamesu bandit update {output}", markup=False, soft_wrap=True)
    elif made.fitted.has_power:
        line = "to have it as a declaration, say  --output FILE"
        out.print(line, markup=False, soft_wrap=True)


def _write(path: Path, declaration: dict[str, Any]) -> None:
    import yaml

    from tamesu.cli.exports import whole

    text = yaml.safe_dump(declaration, sort_keys=False, allow_unicode=True)
    with whole(path) as draft:
        draft.write_text(text, "utf-8")
