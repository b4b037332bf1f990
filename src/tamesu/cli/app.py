"""The commands, put together. Refuses to do anything but name and order them."""

from __future__ import annotations

import inspect
from typing import Annotated

import typer

from tamesu import __version__
from tamesu.cli import (
    arms,
    bandit,
    data,
    doctor,
    init,
    keys,
    learn,
    lifecycle,
    serve,
    snapshots,
    status,
    trial,
)
from tamesu.cli.aggregate import aggregate
from tamesu.cli.asides import asides
from tamesu.cli.backup import backup, restore
from tamesu.cli.demo import demo
from tamesu.cli.evaluate import evaluate
from tamesu.cli.exchange import export
from tamesu.cli.explain import explain
from tamesu.cli.history import history
from tamesu.cli.reconcile import reconcile
from tamesu.cli.replay import replay
from tamesu.cli.reporting import report
from tamesu.cli.simulate import simulate
from tamesu.cli.sync import sync

ABOUT = """
Tamesu: bandits that learn which arm works best while they serve.

A bandit is a decision you make again and again: which banner, which three products, which title. \
You declare its arms (what may be chosen) and what counts as a reward (a click, a purchase). \
Tamesu answers each request with a choice, hears what came of it, and shifts towards what works.

New here?

  tamesu demo         watch one learn from real clicks, in about a minute
  tamesu init shop    write a commented tamesu.toml and bandit.yaml to ./shop
  tamesu serve        start the server and the trainer
"""


for _command in (
    lifecycle.update,
    lifecycle.freeze,
    lifecycle.resume,
    lifecycle.rollback,
    lifecycle.delete,
    snapshots.snapshots,
):
    bandit.app.command()(_command)

arms.app.command("sync")(sync)
arms.app.command("history")(history)


def command_line() -> typer.Typer:
    """Every command of `tamesu`."""
    app = typer.Typer(
        name="tamesu",
        help=ABOUT,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode="rich",
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback(invoke_without_command=True)(_root)
    app.command("demo", rich_help_panel="First steps")(demo)
    app.command("init", rich_help_panel="First steps")(init.init)
    app.command("doctor", rich_help_panel="First steps")(doctor.doctor)
    app.command("serve", rich_help_panel="Run")(serve.serve)
    app.add_typer(keys.app, name="keys", rich_help_panel="Run")
    app.command("status", rich_help_panel="Run")(status.status)
    app.command("run", rich_help_panel="Run")(serve.run)
    app.add_typer(bandit.app, name="bandit", rich_help_panel="Use")
    app.add_typer(arms.app, name="arms", rich_help_panel="Use")
    app.command("decide", rich_help_panel="Use")(trial.decide)
    app.command("track", rich_help_panel="Use")(trial.track)
    app.command("explain", rich_help_panel="Use")(explain)
    app.command("asides", rich_help_panel="Use")(asides)
    app.command("report", rich_help_panel="Use")(report)
    app.command("aggregate", rich_help_panel="Use")(aggregate)
    app.command("simulate", rich_help_panel="Use")(simulate)
    app.command("evaluate", rich_help_panel="Use")(evaluate)
    app.command("export", rich_help_panel="Use")(export)
    app.command("replay", rich_help_panel="Run")(replay)
    app.command("reconcile", rich_help_panel="Run")(reconcile)
    app.command("backup", rich_help_panel="Run")(backup)
    app.command("restore", rich_help_panel="Run")(restore)
    app.add_typer(data.app, name="data", rich_help_panel="Use")
    app.add_typer(learn.app, name="learn", rich_help_panel="Use")
    _flow(app)
    return app


def _flow(app: typer.Typer) -> None:
    """Takes the line breaks out of the paragraphs of every help: terminals have widths of their own."""
    for command in app.registered_commands:
        paragraphs = (inspect.getdoc(command.callback) or "").split("\n\n")
        command.help = "\n\n".join(" ".join(paragraph.split()) for paragraph in paragraphs)
    for group in app.registered_groups:
        if group.typer_instance is not None:
            _flow(group.typer_instance)


def _version(wanted: bool) -> None:  # noqa: FBT001 - Typer's signature of a callback
    if wanted:
        typer.echo(f"tamesu {__version__}")
        raise typer.Exit


def _root(
    context: typer.Context,
    *,
    version: Annotated[  # noqa: ARG001 - its callback has done the work
        bool,
        typer.Option("--version", help="Print the version.", callback=_version, is_eager=True),
    ] = False,
) -> None:
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())
