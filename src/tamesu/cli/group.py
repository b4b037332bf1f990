"""Groups of commands, such as `tamesu bandit`. Refuses to fail where somebody asks for nothing."""

from __future__ import annotations

import typer


def group(about: str) -> typer.Typer:
    """A group that shows its help when it is called without a command."""
    made = typer.Typer(help=about)

    @made.callback(invoke_without_command=True, help=about)
    def show_help(context: typer.Context) -> None:
        if context.invoked_subcommand is None:
            typer.echo(context.get_help())

    return made
