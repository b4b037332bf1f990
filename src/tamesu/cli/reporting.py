"""`tamesu report`: what a bandit earned and how it stands, as whoever answers for it would read it.

Everything in it is the server's own answer. Refuses to compute what the server did not say.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tamesu.cli.options import Json, Url

if TYPE_CHECKING:
    from tamesu.client import Client

PATIENCE_S = 120.0
"""Longest wait for an answer: a year of rows takes its time."""


def report(  # noqa: PLR0913 - the options of a command
    name: Annotated[str, typer.Argument(metavar="NAME", help="The bandit's name.")],
    *,
    period: Annotated[
        str, typer.Option(metavar="LENGTH", help="How far back to look, such as 12h or 90d.")
    ] = "30d",
    arms: Annotated[int, typer.Option(min=1, metavar="NUMBER", help="Most arms to list.")] = 20,
    plot: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Draw it into a .png, .svg or .pdf; needs the extra 'plot'.",
            show_default=False,
        ),
    ] = None,
    url: Url = None,
    json: Json = False,
) -> None:
    """Report on a bandit: what it earned, beside what uniform choice would have, and how it stands.

    The numbers of the period are those of decisions made in it, as the archive has them now; rewards that
    are still to come are not in them. What uniform choice would have earned is estimated from the
    bandit's own log, with a 95 % interval; where that cannot be trusted, it is said why.
    """
    from tamesu.cli.output import write_json

    if plot is not None:
        _refuse(plot)
    with _connected(url) as client:
        bandit = client.bandit(name)
        told = client.report(name, period)
        moved = client.convergence(name)
        conservation = client.conservation(name)
    if plot is not None:
        from tamesu.cli.chart import draw

        draw(told, moved, plot)
    if json:
        rest = {"convergence": moved, "conservation": conservation}
        write_json({**told, **rest, "plot": plot and str(plot)})
        return
    _show(bandit, told, moved, conservation, arms)
    if plot is not None:
        from tamesu.cli.output import console

        console().print(f"drawn into {plot}", markup=False, soft_wrap=True)


def _connected(url: str | None) -> Client:
    from tamesu.cli.remote import connect

    return connect(url, PATIENCE_S)


def _refuse(plot: Path) -> None:
    """Refuses a picture that cannot be drawn, before anything is asked."""
    from tamesu.base import InvalidInput, MissingExtra
    from tamesu.cli.output import refuse_unwritable

    try:
        from tamesu.cli.chart import FORMS
    except ImportError as error:
        raise MissingExtra.of("a plot", "plot") from error
    if plot.suffix not in FORMS:
        raise InvalidInput(
            f"--plot must end in one of {', '.join(FORMS)}, got {plot.name!r}",
            hint="for example  --plot report.png",
        )
    refuse_unwritable(plot, "the plot")


def _show(
    bandit: dict[str, Any],
    told: dict[str, Any],
    moved: dict[str, Any],
    conservation: dict[str, Any],
    arms: int,
) -> None:
    from tamesu.cli import results, wanted
    from tamesu.cli.output import console

    out = console()
    about = f": {bandit['description']}" if bandit["description"] else ""
    out.print(f"{told['bandit']}{about}", style="bold", markup=False)
    out.print(results.standing(told), markup=False)
    for concern in told["concerns"]:
        out.print(f"{concern['detail']}\nhint: {concern['hint']}", style="bold red", markup=False)
    found = told["results"]
    if found is None:
        out.print("this server has no archive: nothing is said of what was earned", markup=False)
    else:
        out.print(f"\n{results.earned(found)}", markup=False)
        for line in wanted.earned(found.get("wanted")):
            out.print(line, markup=False)
    had = [] if found is None else found["arms"]
    out.print(results.arms_table(told["arms"], had, arms))
    if beneath := results.beneath_arms(bandit["declaration"]):
        out.print(beneath, style="dim", markup=False)
    ranked = sorted(told["arms"], key=lambda one: (-one["share"], one["arm"]))
    for by_objective in (wanted.believed_table(ranked, arms), wanted.earned_table(had, arms)):
        if by_objective is not None:
            out.print(by_objective)
    if found is not None:
        if found["deliveries"]:
            out.print(results.windows_table(found))
        out.print(results.delay(found["delay"]), markup=False)
    out.print(results.movement(moved), markup=False)
    out.print(results.records(conservation), markup=False)
