"""`tamesu bandit examination`: how often each position of a slate is looked at, from what it logged.

Needs no server. Refuses to change the declaration.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tamesu.cli.options import Data, Json

if TYPE_CHECKING:
    from tamesu.base import Declaration, Observations
    from tamesu.experiment import Looked

LEAST = 0.01
"""The least ratio that is suggested: below it a declaration would rest on a handful of clicks."""


def examination(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A bandit that delivers slates.")],
    *,
    data: Data = None,
    json: Json = False,
) -> None:
    """Estimate how often each position is looked at, for each look at the top one.

    From the swaps that the policy made by chance: deliveries are weighed so that every order of arms
    counts alike, and then the positions differ in who looks alone. It needs an explorer that leaves every
    arm some chance, with explore where it does not by itself. Of the newest declaration, all that is
    archived is read. Write what it prints into the declaration as layout.examination.
    """
    from tamesu.base import InvalidInput, NotFound
    from tamesu.cli.output import console, table, write_json
    from tamesu.ports import Holds
    from tamesu.wiring import load_settings, open_kept

    with open_kept(load_settings({"data": data})) as (store, archive):
        known = store.declarations()
        if name not in known:
            raise NotFound.bandit(name, known)
        declared = known[name]
        declaration = declared.declaration
        if declaration.layout.kind != "slate":
            raise InvalidInput(f"examination is that of a slate, and bandit {name!r} delivers none")
        files = [
            file
            for file in store.files(Holds.OBSERVATIONS)
            if (file.bandit, file.declaration) == (name, declared.number)
        ]
        found = _looked(archive.read(files), declaration)
    suggested = _suggested(found)
    if json:
        plain = [
            {"position": one.position, "observed": one.observed, "clicks": one.clicks}
            | {"effective": one.effective, "ratio": one.ratio, "error": one.error}
            for one in found
        ]
        write_json({"bandit": name, "positions": plain, "examination": suggested})
        return
    out = console()
    columns = [">position", ">observed", ">clicks", ">effective", ">looked at", ">±"]
    rows = [
        (
            str(one.position),
            f"{one.observed:,}",
            f"{one.clicks:,}",
            f"{one.effective:,.0f}",
            *("" if value is None else f"{value:.3f}" for value in (one.ratio, one.error)),
        )
        for one in found
    ]
    out.print(table(name, columns, rows))
    if suggested is None:
        out.print("no click at the top position, or none further down: nothing to go by")
        return
    listed = ", ".join(f"{value:g}" for value in suggested)
    out.print(f"layout: {{kind: slate, size: {len(suggested)}, examination: [{listed}]}}")


def _looked(parts: Iterable[Observations], declaration: Declaration) -> list[Looked]:
    """By position, of the last word on each delivery that was seen and that no fallback answered."""
    import numpy as np

    from tamesu.base import Outcome
    from tamesu.base.grid import to_grid
    from tamesu.experiment import looked

    last: dict[tuple[str, int], tuple[int, Any, bool]] = {}
    default = to_grid(declaration.reward.default)
    for rows in parts:
        seen = (rows.outcome == Outcome.OBSERVED) & ~rows.fallback
        columns = (rows.decision_id, rows.position, rows.correction, rows.propensity)
        listed = zip(*(column.tolist() for column in columns), strict=True)
        clicks = (rows.reward > default).tolist()
        for (key, place, number, chance), click, good in zip(listed, clicks, seen, strict=True):
            if number >= last.get((key, place), (-1,))[0]:
                last[key, place] = (number, chance if good else None, click)
    kept = [(key, place, *told[1:]) for (key, place), told in last.items() if told[1] is not None]
    codes = {key: code for code, key in enumerate(dict.fromkeys(key for key, *_ in kept))}
    return looked(
        np.array([codes[key] for key, *_ in kept], dtype=np.int64),
        np.array([place for _, place, *_ in kept], dtype=np.int64),
        np.array([chance for *_, chance, _ in kept], dtype=np.float64),
        np.array([click for *_, click in kept], dtype=np.bool_),
    )


def _suggested(found: list[Looked]) -> list[float] | None:
    """What to declare: in (0, 1], the most looked at 1; none where a position tells nothing."""
    ratios = [one.ratio for one in found]
    known = [ratio for ratio in ratios if ratio]
    if not known or len(known) < len(found):
        return None
    return [round(max(LEAST, ratio / max(known)), 3) for ratio in known]
