"""`tamesu data`: open data sets, fetched once and kept. Refuses to install what they come in."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tamesu.cli.group import group
from tamesu.cli.options import Json

if TYPE_CHECKING:
    import polars as pl

    from tamesu.sim import LoggedWorld

app = group("Fetch open data sets to try things out on.")


@app.command("open-bandit")
def open_bandit(
    *,
    full: Annotated[
        Path | None,
        typer.Option(
            metavar="PATH",
            help="Take the full data set (26 million rows) from the folder that its publisher's "
            "archive unpacks to, instead of the small version.",
        ),
    ] = None,
    folder: Annotated[
        Path | None,
        typer.Option(
            "--data",
            metavar="DIR",
            help="Where to keep it.",
            show_default="$TAMESU_OPEN_BANDIT, else the user's cache",
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Fetch the Open Bandit Dataset: real logs of a fashion shop, and what was clicked.

    ZOZO, Inc. logged which item was shown at which of three positions, with which probability, and
    whether it was clicked, under a uniformly random policy and under Thompson sampling. The small
    version (10,000 rows for each of three campaigns and two policies) is downloaded by pip. Licence:
    CC BY 4.0; the attribution is kept beside the data.
    """
    from tamesu.cli.output import console, table, write_json

    folder = fetched(folder, full=full)
    contents = _contents(folder)
    if json:
        write_json({"folder": str(folder), "files": contents})
        return
    columns = ["campaign", "policy", ">rows", ">items", ">positions", ">clicks", ">click rate"]
    rows = [
        (
            file["campaign"],
            file["policy"],
            f"{file['rows']:,}",
            file["items"],
            file["positions"],
            f"{file['clicks']:,}",
            f"{file['clicks'] / file['rows']:.2%}",
        )
        for file in contents
    ]
    out = console()
    out.print(table("Open Bandit Dataset (ZOZO, Inc., CC BY 4.0)", columns, rows))
    out.print(f"in {folder}", soft_wrap=True)


def fetched(folder: Path | None = None, *, full: Path | None = None) -> Path:
    """The folder of the data set, fetched with a progress bar if it is not there yet.

    Raises:
        Unavailable: no network, or a folder that cannot be written.
    """
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    from tamesu.adapters.archive import open_bandit as adapter
    from tamesu.cli.output import progress_console
    from tamesu.wiring import open_bandit_folder

    folder = folder or open_bandit_folder()
    if full is None and adapter.is_complete(folder):
        return folder
    screen = progress_console()
    bar = Progress(
        TextColumn("Open Bandit Dataset"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.description}"),
        console=screen,
        transient=True,
        disable=not screen.is_terminal,
    )
    with bar:
        task = bar.add_task("", total=None)

        def tell(done: int, steps: int, what: str) -> None:
            bar.update(task, completed=done, total=steps, description=what)

        if full is None:
            return adapter.fetch(folder, tell)
        return adapter.fetch_full(full, folder, tell)


def thompson_prior(campaign: str) -> pl.DataFrame:
    """What the Thompson sampling policy of a campaign began with: item_id, alpha, beta; fetched if need be.

    Raises:
        InvalidInput: no such campaign.
        Unavailable: it is not there and cannot be fetched.
    """
    from tamesu.adapters.archive import open_bandit as adapter

    return adapter.load_prior(adapter.fetch_prior(fetched()), campaign)


def logged_world(campaign: str) -> LoggedWorld:
    """The world made of what really happened: the uniform policy's log of a campaign, fetched if need be.

    Raises:
        InvalidInput: no such campaign.
        Unavailable: the data set is not there and cannot be fetched.
    """
    from tamesu.adapters.archive import open_bandit as adapter
    from tamesu.sim import LoggedWorld

    rows = adapter.load(fetched(), campaign, "random")
    return LoggedWorld(*(rows[name].to_numpy() for name in ("item_id", "position", "click")))


def _contents(folder: Path) -> list[dict[str, Any]]:
    import polars as pl

    from tamesu.adapters.archive import open_bandit as adapter

    found = []
    for policy in adapter.POLICIES:
        for campaign in adapter.CAMPAIGNS:
            path = folder / policy / f"{campaign}.parquet"
            if path.is_file():
                facts = pl.scan_parquet(path).select(
                    rows=pl.len(),
                    items=pl.col("item_id").n_unique(),
                    positions=pl.col("position").n_unique(),
                    clicks=pl.col("click").sum(),
                )
                found.append(
                    {"campaign": campaign, "policy": policy, **facts.collect().row(0, named=True)}
                )
    return found
