"""`tamesu replay`: everything learnt again, and what it came to. Refuses to change what is served."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tamesu.cli.options import Data, Json

if TYPE_CHECKING:
    from tamesu.train import Standing
    from tamesu.wiring import Rebuilding

SHOWN = 20
"""Arms in a table."""

Name = Annotated[
    str | None,
    typer.Argument(metavar="NAME", help="A bandit.", show_default="all"),
]
From = Annotated[
    str,
    typer.Option(
        "--from",
        metavar="WHERE",
        help="both: the log, and from the archive what it has dropped. log or archive: that alone.",
    ),
]


def replay(
    name: Name = None,
    *,
    source: From = "both",
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            metavar="FOLDER",
            help="Write a store with what was rebuilt into this folder, which must not be there yet.",
        ),
    ] = None,
    data: Data = None,
    json: Json = False,
) -> None:
    """Learn everything again from the records, and show what that comes to.

    The log is read from its first record, and whatever was commanded or corrected later is done again
    in its place. Nothing is changed, and a server may run meanwhile. To hold the result against what
    is served, use `tamesu reconcile`.

    With --out a store is written that has the rebuilt states, and all else as it is: declarations,
    commands, counts, and which archive files there are. Stop the server before, and put it in the place
    of store.sqlite3 afterwards.
    """
    import time

    from tamesu.base import InvalidInput
    from tamesu.cli.output import write_json
    from tamesu.wiring import load_settings, rebuilding, refuse_existing

    with rebuilding(load_settings({"data": data}), name, records_from(source)) as begun:
        if out is not None:
            if name is not None or not begun.is_whole:
                raise InvalidInput("--out needs all bandits and all records", hint="name no bandit")
            refuse_existing(out)
        started = time.perf_counter()
        run(begun)
        seconds = time.perf_counter() - started
        told = _told(begun, source, seconds)
        if out is not None:
            begun.write(out)
    if json:
        write_json(told)
    else:
        _show(told, begun)


def _show(told: dict[str, Any], begun: Rebuilding) -> None:
    from tamesu.cli.output import console

    screen, seconds = console(), told["seconds"]
    rate = f"{told['records'] / seconds:,.0f} records/s" if seconds else ""
    source = _WORDS[told["from"]]
    screen.print(f"{told['records']:,} records from {source} in {seconds:,.1f} s, {rate}")
    if not begun.is_whole:
        screen.print("the newest records are not archived yet: what follows is a little older")
    for bandit in told["bandits"]:
        screen.print(f"\n{_title(bandit)}", soft_wrap=True, markup=False)
        screen.print(_table(bandit))
    for line in told["differing"]:
        screen.print(line, style="bold red", markup=False)


_WORDS = {"both": "log and archive", "log": "the log", "archive": "the archive"}


def records_from(source: str) -> Any:
    """What `--from` says.

    Raises:
        InvalidInput: none of its words.
    """
    from tamesu.base import InvalidInput
    from tamesu.wiring import RecordsFrom

    if source not in _WORDS:
        raise InvalidInput(
            f"--from must be one of {', '.join(_WORDS)}, got {source[:40]!r}",
            hint="leave it out: log and archive together have everything",
        )
    return RecordsFrom(source)


def run(begun: Rebuilding) -> None:
    """Goes through with a replay, with progress on a terminal."""
    import gc

    from tamesu.cli.output import progress

    # Records by the hundred thousand, none of which is part of a cycle, make the collector look for
    # cycles all the time: a third of a replay.
    gc.set_threshold(200_000, 20, 20)
    with progress("learning again", "records", sum(begun.until)) as tell:
        for records in begun.replay.run(begun.until):
            tell(records)


def _told(begun: Rebuilding, source: str, seconds: float) -> dict[str, Any]:
    replay, declared = begun.replay, begun.store.declarations()
    return {
        "from": source,
        "until": list(begun.until),
        "records": replay.records,
        "seconds": seconds,
        "bandits": [
            _bandit(name, found, declared[name].number)
            for name, found in sorted(replay.standings.items())
        ],
        "counts": replay.counts,
        "differing": replay.differing,
    }


def _bandit(name: str, standing: Standing, newest: int) -> dict[str, Any]:
    """What a bandit came to; one that was made again and has learnt nothing yet is its predecessor."""
    import numpy as np

    from tamesu.base import Status

    told, learnt = standing.told, standing.learnt
    rows = standing.policy.summary(
        learnt.state,
        list(told),
        learnt.snapshot.watermark,
        features=told,
        shares=np.zeros(len(told)),
    )
    deferred = standing.deferred
    return {
        "bandit": name,
        "declaration": standing.number,
        "status": standing.status.value,
        "made_again": standing.status is Status.DELETED and newest > standing.number,
        "observations": standing.learnt.snapshot.observations,
        "observations_aside": None if deferred is None else deferred.observations,
        "arms": [
            {
                "arm": row.arm,
                "position": row.position,
                "observations": row.observations,
                "mean": row.mean,
            }
            for row in rows
        ],
    }


def _table(bandit: dict[str, Any]) -> Any:
    from tamesu.cli.output import table

    arms = sorted(bandit["arms"], key=lambda arm: (-arm["observations"], arm["arm"]))
    worth = "{:.3%}" if all(0.0 <= arm["mean"] <= 1.0 for arm in arms) else "{:,.6g}"
    rows = [
        (_label(arm), f"{arm['observations']:,}", worth.format(arm["mean"])) for arm in arms[:SHOWN]
    ]
    if len(arms) > SHOWN:
        rest = sum(arm["observations"] for arm in arms[SHOWN:])
        rows.append((f"{len(arms) - SHOWN} more", f"{rest:,}", ""))
    return table("", ["arm", ">observations", ">mean reward"], rows)


def _label(arm: dict[str, Any]) -> str:
    return arm["arm"] if arm["position"] is None else f"{arm['arm']} at {arm['position']}"


def _title(bandit: dict[str, Any]) -> str:
    status = bandit["status"].replace("_", " ")
    line = f"{bandit['bandit']}: {status}, declaration {bandit['declaration']}, "
    line += f"observations: {bandit['observations']:,}"
    if bandit["made_again"]:
        line += "; made again since, and nothing learnt yet"
    if bandit["observations_aside"] is not None:
        line += f", {bandit['observations_aside']:,} with those learnt aside"
    return line
