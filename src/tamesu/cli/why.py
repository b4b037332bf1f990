"""Why an arm was delivered first, in words: what spoke for it beside the next one.

Everything is in what the server told. Refuses to speak of combinations, which have no next, and of mixtures
over objectives, where no arm alone is best.
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
    yield f"{chosen['arm']} was thought best: {mine:.4f}, the next, {other['arm']}, {theirs:.4f}"
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
