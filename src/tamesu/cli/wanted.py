"""Several objectives in tables: what arms came to by each, and what is believed of each.

Every number is in the objective's own units. Refuses to compute what the server did not say.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from tamesu.cli.output import table

if TYPE_CHECKING:
    from rich.table import Table

Told = Mapping[str, Any]

MOST_ABREAST = 3
"""Objectives whose intervals fit beside each other."""


def earned(wanted: Told | None) -> Iterator[str]:
    """What a period came to by each objective, in lines; none where there is one reward."""
    if wanted is None:
        return
    if wanted["kind"] == "gini":
        yield (
            "  rewards above are the mean of the objectives, and not what gini wants most of: uniform "
            "choice may have more of it"
        )
    for one in wanted["objectives"]:
        if one["mean"] is not None:
            low, high = one["range"]
            yield (
                f"{one['name']}: {_number(one['mean'])} each, {one['scaled']:.1%} of its range "
                f"[{low:g}, {high:g}]"
            )
    if wanted["welfare"] is not None:
        how = (
            "the worst weighs most"
            if wanted["kind"] == "gini"
            else "by their shares of the weights"
        )
        yield f"all together, each in its range: {wanted['welfare']:.4f} ({wanted['kind']}: {how})"
    if wanted["left_out"]:
        yield (
            f"  not told by objective: {wanted['left_out']:,} that wanted other things, or are "
            "of an older version"
        )


def earned_table(had: Sequence[Told], most: int) -> Table | None:
    """What each arm came to by objective, the most delivered first; none where there is one reward."""
    told = [one for one in had if one.get("objectives")]
    if not told:
        return None
    names = [*told[0]["objectives"]]
    placed = any(one["position"] is not None for one in told)
    ordered = sorted(told, key=lambda one: (one["position"] or 0, -one["deliveries"], one["arm"]))
    rows = [
        (
            *([one["position"]] if placed else []),
            one["arm"],
            f"{one['observed']:,}",
            *(_number(one["objectives"][name]) for name in names),
        )
        for one in ordered[:most]
    ]
    columns = [*([">at"] if placed else []), "arm", ">observed", *(f">{name}" for name in names)]
    return table(f"Earned each, by objective{_rest(len(ordered) - len(rows))}", columns, rows)


def believed_table(arms: Sequence[Told], most: int) -> Table | None:
    """What is believed of each arm by objective, as told; none where objectives are not learnt apart."""
    told = [one for one in arms if one.get("objectives")]
    if not told:
        return None
    names = [*told[0]["objectives"]]
    wide = len(names) <= MOST_ABREAST
    rows = [
        (one["arm"], *(_believed(one["objectives"][name], wide=wide) for name in names))
        for one in told[:most]
    ]
    beside = ", 95 % interval" if wide else ""
    rest = _rest(len(told) - len(rows))
    title = f"Believed by objective: mean{beside}{rest}"
    return table(title, ["arm", *(f">{name}" for name in names)], rows)


def _believed(one: Told, *, wide: bool) -> str:
    beside = f" ({_number(one['low'])}–{_number(one['high'])})" if wide else ""
    return _number(one["mean"]) + beside


def _rest(more: int) -> str:
    return f"; {more:,} more" if more > 0 else ""


def _number(value: float) -> str:
    return f"{value:.4g}"
