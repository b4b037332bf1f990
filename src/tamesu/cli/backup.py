"""`tamesu backup` and `tamesu restore`. Refuses to write into a folder that is there."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tamesu.cli.options import Data, Json

if TYPE_CHECKING:
    from tamesu.wiring.backup import Backup


def backup(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="A new folder for the backup.")],
    *,
    data: Data = None,
    json: Json = False,
) -> None:
    """Copy everything that cannot be made anew, while the system runs.

    What was acknowledged before is in it. The settings file is not, nor are folders that declarations name: they are
    yours to keep, and the latter are told.
    """
    from tamesu.wiring import load_settings
    from tamesu.wiring.backup import back_up

    made = back_up(load_settings({"data": data}), folder)
    _tell(
        made,
        f"backed up to {folder}",
        f"see that it is whole:  tamesu restore {folder} --data DIR",
        json=json,
    )


def restore(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="What `tamesu backup` made.")],
    *,
    data: Data = None,
    json: Json = False,
) -> None:
    """Make a data folder out of a backup; each file is held against its digest.

    The data folder must not be there. Do not let the old system go on beside the restored one: each
    would learn something else from then on.
    """
    from tamesu.wiring import load_settings
    from tamesu.wiring.backup import restore as restored

    settings = load_settings({"data": data})
    made = restored(folder, settings)
    _tell(
        made,
        f"restored to {settings.folder}",
        f"hold it against its records:  tamesu reconcile --data {settings.folder}",
        json=json,
    )


def _tell(made: Backup, done: str, next_: str, *, json: bool) -> None:
    from tamesu.cli.output import console, write_json

    upto = None if made.watermark is None else made.watermark.text()
    if json:
        write_json(
            {
                "made": made.made.text(),
                "watermark": upto,
                "bandits": made.bandits,
                "files": len(made.files),
                "bytes": made.bytes,
                "elsewhere": list(made.elsewhere),
            }
        )
        return
    out = console()
    size = f"{len(made.files):,} files, {made.bytes / 1e6:,.1f} MB"
    out.print(f"{done}: {size}, learnt up to {upto or 'nothing yet'}", markup=False, soft_wrap=True)
    for folder in made.elsewhere:
        out.print(
            f"not in it, and needed there: {folder}, which a policy names",
            markup=False,
            soft_wrap=True,
        )
    out.print(next_, markup=False, soft_wrap=True)
