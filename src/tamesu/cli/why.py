"""Why an arm was delivered first, in words: what spoke for it beside the next one.

Everything is in what the server told. Where arms are mixed over objectives no arm alone is the best: it says
which brings most of each. Refuses to speak of combinations, which have no next.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from tamesu.base.slots import delivered_options

SPOKE = 2
"""Columns of a context that are named."""

Told = Mapping[str, Any]


def why(told: Told) -> Iterator[str]:
    """Lines: what the first arm was worth beside the next best, and what delivered arms tell."""
    if not told["fallback"]:
        yield from _leaders(
            [arm for arm in told["arms"] if arm["eligible"] and arm.get("objectives")]
        )
    arms = [
        arm
        for arm in told["arms"]
        if arm["eligible"] and not arm.get("position") and not arm.get("objectives")
    ]
    first = [arm for arm in arms if arm["delivered"] == 0]
    others = [arm for arm in arms if arm["delivered"] != 0]
    if len(first) == 1 and others and not told["fallback"]:
        yield from _beside(first[0], max(others, key=lambda arm: float(arm["mean"])), arms)
    for delivery in told["deliveries"]:
        arm, features = delivery["arm"], delivery.get("features")
        if features and delivered_options(arm, features) is None:
            yield f"{arm} tells {facts(features)}"


def _leaders(arms: list[Told]) -> Iterator[str]:
    """Which arm brings most of each objective, where objectives are learnt apart; of ties nothing."""
    most: dict[str, str] = {}
    for name in arms[0]["objectives"] if len(arms) > 1 else ():
        ranked = sorted((float(arm["objectives"][name]["mean"]), arm["arm"]) for arm in arms)
        if ranked[-1][0] > ranked[-2][0]:
            most[name] = ranked[-1][1]
    if most:
        (name, arm), *others = most.items()
        first = f"of {name} {arm} is thought to bring most"
        mixed = ": arms are mixed" if len({*most.values()}) > 1 else ""
        yield ", ".join([first, *(f"of {name} {arm}" for name, arm in others)]) + mixed


def facts(values: Told) -> str:
    """`genre = "design", fresh = true`, as they are sent."""
    return ", ".join(
        f"{name} = {json.dumps(value, ensure_ascii=False)}" for name, value in values.items()
    )


def _beside(chosen: Told, other: Told, arms: list[Told]) -> Iterator[str]:
    mine, theirs = float(chosen["mean"]), float(other["mean"])
    if mine < theirs:
        yield (
            f"{chosen['arm']} was tried, with a chance of {chosen['share']:.2%}: {other['arm']} is thought "
            f"to be worth more, {theirs:.4f} against {mine:.4f}"
        )
        return
    if mine == theirs:
        yield f"{chosen['arm']} and {other['arm']} are thought to be worth the same, {mine:.4f}"
    else:
        yield (
            f"{chosen['arm']} was thought best: {mine:.4f}, the next, {other['arm']}, {theirs:.4f}"
        )
    if chosen["effects"] is None or other["effects"] is None:
        return
    apart = {
        column: change - other["effects"].get(column, 0.0)
        for column, change in chosen["effects"].items()
    }
    spoke = sorted((column for column in apart if apart[column] > 0), key=lambda one: -apart[one])
    if spoke:
        named = ", ".join(f"{column} {apart[column]:+.4f}" for column in spoke[:SPOKE])
        yield f"of the context most spoke for it, beside that one: {named}"
    if any(arm["base"] is None for arm in arms):
        return  # of so many arms not all are told in the mean context
    leader = max(arms, key=lambda arm: float(arm["base"]))
    if leader["arm"] != chosen["arm"]:
        yield f"in the mean context {leader['arm']} is thought best"
