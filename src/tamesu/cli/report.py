"""Tables of what a bandit has learnt and where its records are, from the server's own answers.

Shared by `tamesu bandit show` and the demo. Refuses to compute what the server did not say.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from tamesu.cli.output import table

if TYPE_CHECKING:
    from rich.table import Table

MEANINGS = {
    "decisions": {
        "accepted": "decided, once each",
        "duplicate": "the same decision again (a retry)",
        "poison": "unreadable or with an impossible time",
    },
    "deliveries": {
        "observed": "shown, and old enough to be learnt from",
        "unfit": "their context does not fit the declaration; teaches nothing",
        "unshown": "no impression in time; teaches nothing",
        "unexamined": "below the first click of a cascade; teaches nothing",
        "open": "not observed yet: too young, or not shown so far",
    },
    "events": {
        "impression": "a delivery was shown",
        "joined": "counted into a reward",
        "duplicate": "sent again with the same id",
        "late": "came after its delivery was final, and changed nothing so far",
        "corrected": "came late or was unseen, and corrected an observation",
        "unseen": "for a delivery never seen to be shown",
        "repeat_impression": "shown once more",
        "out_of_window": "happened after the window",
        "orphan": "no such decision",
        "ignored_type": "of a type that the bandit does not count",
        "too_old": "with a time too far back",
        "poison": "unreadable",
        "held": "waiting for their decision or impression",
    },
}
"""What each class of record means, in the order in which people look for them."""


def arms_table(arms: Sequence[Mapping[str, Any]], *, most: int | None = None) -> Table:
    """Arms, the most chosen first: mean, 95 % interval, share, observations; by position if they have one.

    Means are told as percentages where all of them are rates. Rewards that were clipped have a column
    where there are any.

    Args:
        arms: `{arm, position, observations, mean, low, high, share, clipped}` each.
        most: how many to show; none for all. What is left out is said in a last row.
    """
    ordered = sorted(
        arms, key=lambda arm: (arm.get("position") or 0, -arm["share"], -arm["mean"], arm["arm"])
    )
    placed = any(arm.get("position") is not None for arm in arms)
    rates = all(arm["low"] >= 0.0 and arm["high"] <= 1.0 for arm in arms)
    clipped = any(arm.get("clipped") for arm in arms)
    worth = f"{{:.{2 if placed else 3}%}}" if rates else "{:,.4g}"
    shown = ordered if most is None else ordered[:most]
    rows: list[Sequence[object]] = [
        (
            *([arm["position"]] if placed else []),
            arm["arm"],
            f"{arm['share']:.1%}",
            worth.format(arm["mean"]),
            f"{worth.format(arm['low'])} to {worth.format(arm['high'])}",
            f"{arm['observations']:,}",
            *([f"{arm['clipped']:,}"] if clipped else []),
        )
        for arm in shown
    ]
    rest = ordered[len(shown) :]
    if rest:
        rows.append(
            (
                *([""] if placed else []),
                f"{len(rest)} more",
                "" if placed else f"{sum(arm['share'] for arm in rest):.1%}",
                "",
                "",
                f"{sum(arm['observations'] for arm in rest):,}",
                *([f"{sum(arm['clipped'] for arm in rest):,}"] if clipped else []),
            )
        )
    who = [">at", "arm", ">chosen there"] if placed else ["arm", ">chosen first"]
    columns = [*who, ">mean reward", ">95 % interval", ">observations"]
    columns += [">clipped"] if clipped else []
    return table("What it believes", columns, rows)


def conservation_table(
    conservation: Mapping[str, Any], sent: Mapping[str, int] | None = None
) -> Table:
    """Where every record is, class by class; classes with nothing in them are left out.

    Args:
        conservation: as the server answers it.
        sent: what was sent, by `<group>_<class>`, for a column beside what was found.
    """
    rows: list[Sequence[object]] = []
    for group, meanings in MEANINGS.items():
        found = conservation[group]
        for name, meaning in meanings.items():
            expected = (sent or {}).get(f"{group}_{name}")
            count = found.get(name, 0)
            if not (count or expected or name in ("accepted", "observed")):
                continue
            beside = () if sent is None else (f"{expected or 0:,}",)
            rows.append((f"{group} {name.replace('_', ' ')}", f"{count:,}", *beside, meaning))
    columns = ["records", ">found", *([] if sent is None else [">sent"]), "meaning"]
    difference = conservation["difference"]
    verdict = "all accounted for" if not difference else f"{difference:,} NOT accounted for"
    return table(f"Where every record is: {verdict}", columns, rows)
