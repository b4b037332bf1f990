"""The page of the reference on the command line."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from typing import Any

import typer
from pieces import NOTE, spelt, table

from tamesu.cli.app import command_line


def commands() -> Iterator[str]:
    """Every command of `tamesu`, with its arguments and options."""
    yield from ["# Commands", "", NOTE, ""]
    yield "Every command takes `--json`. Exit codes: 0 done, 1 failed, 2 bad usage or configuration, 3 a"
    yield "needed extra is missing, 4 an evaluation is refused."
    for path, command in command_tree(typer.main.get_command(command_line()), ("tamesu",)):
        yield from ["", f"## `{' '.join(path)}`", ""]
        for paragraph in (command.help or "").split("\n"):
            yield from textwrap.wrap(paragraph, 100) or [""]
        rows = [row for parameter in command.params if (row := _parameter(parameter))]
        if rows:
            yield ""
            yield from table(("argument or option", "default", "means"), rows)


def command_tree(command: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every command that does something, with its path."""
    inner = getattr(command, "commands", None)
    if inner is None:
        yield path, command
        return
    for name, child in inner.items():
        yield from command_tree(child, (*path, name))


def _parameter(parameter: Any) -> tuple[str, ...] | None:
    if "--help" in parameter.opts:
        return None
    option = parameter.param_type_name == "option"
    names = parameter.opts if option else [parameter.metavar or parameter.name.upper()]
    said, default = parameter.show_default, parameter.default
    if parameter.required:
        shown = "required"
    elif isinstance(said, str):
        shown = said
    else:
        shown = "-" if default is None or default is False else spelt(default)
    return ", ".join(f"`{name}`" for name in names), shown, parameter.help or ""
