"""`tamesu init`: the first two files of an installation, commented. Refuses to overwrite."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tamesu.cli.options import Json

FILES = ("tamesu.toml", "bandit.yaml")


def init(
    folder: Annotated[
        Path, typer.Argument(metavar="[DIR]", help="Where to write; made if it is not there.")
    ] = Path(),
    *,
    json: Json = False,
) -> None:
    """Write a commented tamesu.toml and bandit.yaml to start from.

    tamesu.toml holds the settings of this installation: where its data is and where it listens.
    bandit.yaml declares a first bandit. Nothing that exists is overwritten.
    """
    from importlib.resources import files

    from tamesu.base import Conflict, Unavailable
    from tamesu.cli.output import console, write_json

    starter = files("tamesu.cli") / "starter"
    there = [name for name in FILES if (folder / name).exists()]
    if there:
        raise Conflict(
            f"{folder / there[0]} exists already and is not overwritten",
            hint="choose another folder:  tamesu init DIR",
            files=[str(folder / name) for name in there],
        )
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name in FILES:
            (folder / name).write_text((starter / name).read_text("utf-8"), "utf-8")
    except OSError as error:
        raise Unavailable(
            f"{folder} must be a folder that can be written: {error.strerror}",
            hint="choose another:  tamesu init DIR",
        ) from error
    here = folder.resolve() == Path.cwd()
    steps = [] if here else [f"cd {folder}"]
    steps.append("tamesu serve")
    steps.append("tamesu bandit create bandit.yaml     # in a second terminal, same folder")
    if json:
        write_json({"files": [str(folder / name) for name in FILES], "next": steps})
        return
    out = console()
    for name in FILES:
        out.print(f"wrote {folder / name}", soft_wrap=True)
    out.print("\nnext:")
    for step in steps:
        out.print(f"  {step}", soft_wrap=True)
