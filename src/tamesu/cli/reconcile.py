"""`tamesu reconcile`: what is served held against what the records come to. Refuses to mend it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from tamesu.cli.options import Data, Json
from tamesu.cli.replay import From, Name, records_from, run

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tamesu.engine import Difference


def reconcile(
    name: Name = None, *, source: From = "both", data: Data = None, json: Json = False
) -> None:
    """Learn everything again and compare it with what is served, bit for bit.

    Compared are the newest snapshot of each bandit, what it has learnt aside, and how many records
    ended as what. A server may run meanwhile: what is compared is as of one of its commits. Ends with
    exit code 1 where anything differs, or where records are gone.
    """
    from tamesu.base import InvalidInput
    from tamesu.cli.output import console, write_json
    from tamesu.engine import reconcile as compare
    from tamesu.wiring import load_settings, rebuilding

    with rebuilding(load_settings({"data": data}), name, records_from(source)) as begun:
        if not begun.is_whole:
            raise InvalidInput(
                "what is served has learnt from records that are not archived yet",
                hint="leave --from out, or try again when nothing has come for some minutes",
            )
        run(begun)
        differences = compare(begun.replay, begun.then, begun.store)
        bandits, records = list(begun.then.bandits), begun.replay.records
    if json:
        rows = [vars(difference) for difference in differences]
        facts = {"equal": not differences, "records": records, "bandits": bandits}
        write_json({**facts, "differences": rows})
    else:
        out = console()
        served = f"{len(bandits):,} bandit{'' if len(bandits) == 1 else 's'}"
        if differences:
            out.print(_table(differences))
        verdict = "differs from what is served" if differences else "is what is served, bit for bit"
        out.print(f"{served}, {records:,} records: what they come to {verdict}")
    if differences:
        raise typer.Exit(1)


def _table(differences: Sequence[Difference]) -> object:
    from tamesu.cli.output import table

    rows = [(one.bandit, one.what, one.served, one.rebuilt) for one in differences]
    return table("What differs", ["bandit", "what", "served", "rebuilt"], rows)
