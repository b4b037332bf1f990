"""`tamesu export`: a log for other packages. Refuses to change it, and to leave unsaid what a form cannot hold."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tamesu.cli.logs import Since, Until, Where, archived
from tamesu.cli.options import Data, Json

if TYPE_CHECKING:
    from tamesu.cli.exchange.writing import Telling


def export(  # noqa: PLR0913 - the words of a command line
    source: Annotated[
        str,
        typer.Argument(
            metavar="SOURCE",
            help="The log: a bandit's name, or a file (.csv, .parquet, .npz, .dsjson).",
        ),
    ],
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE",
            help="What to write, whatever is there: arrays (.npz), a table (.csv, .parquet), or lines of "
            "Vowpal Wabbit (.dsjson, .dsjson.gz).",
        ),
    ],
    *,
    since: Since = None,
    until: Until = None,
    data: Data = None,
    json: Json = False,
) -> None:
    """Write a log as other packages read it: which arm, how likely it was, what came of it.

    Of a bandit, that are the decisions whose windows are closed, each with its newest correction; fallbacks are
    left out, and all that is left out is counted. An .npz file holds the dictionary of arrays of bandit feedback,
    a table has the columns of the Open Bandit Dataset, .dsjson has a line a decision with names and contexts
    as they were recorded.

    Each form says less than the log in its own way: what is missing is told. `tamesu evaluate` reads all of them.
    """
    from tamesu.base import InvalidInput
    from tamesu.cli.exchange.writing import form_to, write_file
    from tamesu.cli.output import console, progress, write_json
    from tamesu.evaluate import Slates
    from tamesu.evaluate.exchange import not_held, slates_not_held

    form = form_to(file)
    where = Where(source=source, data=data, since=since, until=until)
    where.refuse_idle()
    if where.is_open_bandit:
        raise InvalidInput(
            "what is exported must be a bandit's log, or a file; got open-bandit",
            hint="it is in files already, which this reads:  tamesu data open-bandit  says where",
        )
    found = _archived(where, file) if where.file is None else _read(where.file)
    told = found.told
    with progress("writing", "rounds", len(told.rounds)) as tell:
        write_file(file, told, tell)
    kind = "slates" if isinstance(told.rounds, Slates) else "rounds"
    missing = (
        slates_not_held(told.rounds)
        if isinstance(told.rounds, Slates)
        else not_held(told.rounds, form)
    )
    if json:
        counted: dict[str, Any] = {
            "source": found.about,
            "file": str(file),
            kind: len(told.rounds),
            "arms": len(told.rounds.arms),
            "context": list(told.names),
            "left_out": found.left_out,
            "not_held": missing,
        }
        write_json(counted)
        return
    lines = [
        f"{len(told.rounds):,} {kind} of {len(told.rounds.arms):,} arms of {found.about} in {file}",
        *(f"left out {count:,}: {why}" for why, count in found.left_out.items() if count),
        *(f"not in this form: {one}" for one in missing),
    ]
    out = console()
    for line in lines:
        out.print(line, markup=False, soft_wrap=True)


@dataclass(frozen=True)
class _Found:
    """A log, and what of it is not to be written."""

    about: str
    told: Telling
    left_out: dict[str, int]


def _read(path: Path) -> _Found:
    from tamesu.cli.exchange.reading import read_file
    from tamesu.cli.exchange.writing import Telling

    read = read_file(path)
    return _Found(path.name, Telling(rounds=read.rounds, names=read.names), read.left)


def _archived(where: Where, file: Path) -> _Found:
    from tamesu.cli.exchange.writing import Telling, refuse_slates
    from tamesu.policy.features import encoder_of

    with archived(where) as (decisions, logged):
        encoder = encoder_of(decisions.declaration)
    if logged.size > 1:
        refuse_slates(file)
    rounds = logged.slates() if logged.size > 1 else logged.rounds()
    features = {
        arm: dict(zip(encoder.arm_names, columns, strict=True)) if columns else {}
        for arm, columns in zip(rounds.arms, rounds.features.tolist(), strict=True)
    }
    told = Telling(
        rounds=rounds,
        ids=logged.ids.tolist(),
        contexts=logged.contexts.tolist(),
        features=features,
        names=encoder.names,
        arm_names=encoder.arm_names if rounds.features.shape[1] else (),
    )
    return _Found(where.source, told, dict(logged.left_out))
