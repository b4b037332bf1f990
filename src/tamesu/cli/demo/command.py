"""The command: its words, and how it ends. Refuses to load anything before it runs."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tamesu.cli.options import Json

if TYPE_CHECKING:
    from tamesu.cli.demo.stage import Stage
    from tamesu.cli.patience import Interrupts

LEAST_S = 6
"""Half of it is traffic then, as long as one window."""

SECONDS = 60
RATE = 2_000
"""A hundred thousand decisions in a minute: enough for rates of half a percent, and two small cores
keep up with it."""

LOOK_S = 0.5
"""How often one that is kept looks whether it was stopped, should the signal itself have been lost."""

SEED = 2026
"""Of the people's choices; the bandit's own seed is drawn anew each time."""


def demo(  # noqa: PLR0913 - the words of a command line
    *,
    seconds: Annotated[
        float,
        typer.Option(metavar="S", min=LEAST_S, help="How long all of it takes, about."),
    ] = SECONDS,
    rate: Annotated[
        float,
        typer.Option(metavar="N", min=50, max=100_000, help="Decisions a second to aim for."),
    ] = RATE,
    port: Annotated[
        int | None,
        typer.Option(
            metavar="PORT", min=1, max=65535, help="Port to use.", show_default="a free one"
        ),
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option(
            "--data", metavar="DIR", help="Folder to use and keep.", show_default="a temporary one"
        ),
    ] = None,
    keep: Annotated[
        bool, typer.Option("--keep", help="Leave it running afterwards, until Ctrl-C.")
    ] = False,
    json: Json = False,
) -> None:
    """Watch a bandit learn from real clicks, through real processes, in about a minute.

    Starts a server and a trainer, declares a bandit that shows three of 34 fashion items, and plays
    people who click as people really clicked in the Open Bandit Dataset, with events that are
    repeated, late or lost. Half way it kills the trainer. Ends with what was learnt, how sure that
    is, and where every single record went.

    Nothing is left behind. The data set is fetched the first time.
    """
    from tamesu.cli.patience import Interrupts, uninterrupted

    interrupts = Interrupts()
    interrupts.listen()
    with uninterrupted():  # a C extension that is interrupted while it loads stays broken
        from tamesu.cli.data import logged_world
        from tamesu.cli.demo.declaration import CAMPAIGN
        from tamesu.cli.demo.performance import Performance
        from tamesu.cli.demo.stage import Stage

    world = logged_world(CAMPAIGN)
    with Stage(data, port, interrupts.check) as stage:
        performance = Performance(
            stage, world, seconds=seconds, rate=rate, seed=SEED, check=interrupts.check
        )
        try:
            summary = performance.run()
        except KeyboardInterrupt:
            typer.echo(
                f"{performance.decisions:,} decisions were made; server and trainer are stopping",
                err=True,
            )
            raise
        _tell(summary, stage if keep else None, json=json)
        if keep:
            _wait_for_ctrl_c(interrupts)


def _tell(summary: Any, kept: Stage | None, *, json: bool) -> None:
    from tamesu.cli.demo.show import show
    from tamesu.cli.output import console, write_json

    if json:
        from tamesu.base import plain

        where = {} if kept is None else {"url": kept.url, "data": str(kept.folder)}
        write_json({**plain(summary), **where})
        typer.get_text_stream("stdout").flush()
        return
    show(summary)
    out = console()
    out.print()
    if kept is None:
        out.print("Now your own:  tamesu init my-shop")
        return
    out.print(f"Still running at {kept.url}, data in {kept.folder}. Look around:", soft_wrap=True)
    out.print(f"  tamesu bandit show men --url {kept.url}", soft_wrap=True)
    out.print(f"  tamesu decide men --url {kept.url}", soft_wrap=True)
    out.print("Ctrl-C stops it.")


def _wait_for_ctrl_c(interrupts: Interrupts) -> None:
    try:
        while True:
            interrupts.check()
            time.sleep(LOOK_S)
    except KeyboardInterrupt:
        typer.echo("stopped", err=True)
