"""A declaration whose reward is a surrogate: its weights, where they come from, and no more than was seen.

Refuses a declaration whose reward is something else than a sum of events.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from tamesu.base import (
    GRID,
    Aggregate,
    Declaration,
    EventTerm,
    InvalidDeclaration,
    InvalidInput,
    NoSupport,
    plain,
)
from tamesu.base.surrogate import Surrogate
from tamesu.experiment import Fitted, Followed

DIGITS = 6
"""Of a weight, as it is written."""

LEAST_SPREAD = 256 / GRID
"""Rewards that lie closer together than this lose more than half a percent to the grid."""

COUNTED = (Aggregate.COUNT, Aggregate.SUM, Aggregate.FIRST)
"""Aggregates that can come to more than was ever seen."""

Written = dict[str, Any]


def refuse_unfit(declaration: Declaration, written: Mapping[str, Any]) -> None:
    """Refuses a declaration that cannot have a surrogate for its reward, before anything is read.

    Raises:
        InvalidInput: it has objectives, is a cascade, or its belief cannot learn numbers.
    """
    if declaration.objectives is not None:
        raise InvalidInput(
            "a surrogate weighs reward.events, and this bandit has reward.objectives",
            hint="fit it to a declaration with events:  --declaration FILE",
        )
    if declaration.reward.until_click:
        raise InvalidInput(
            "a cascade learns whether it was clicked, and a surrogate says how much it is worth",
            hint="declare a slate",
        )
    from tamesu.policy import compose

    weights = dict.fromkeys(declaration.reward.events, 1 / (1 + len(declaration.reward.events)))
    reward = _reward(written, declaration, weights, {}, (0.0, 1.0))
    try:
        compose(Declaration.parse({**written, "reward": reward}))
    except InvalidDeclaration as problem:
        raise InvalidInput(
            f"the reward becomes a number: {problem.message}",
            hint="for example  --belief gaussian",
        ) from problem


def weighed(
    written: Mapping[str, Any],
    declaration: Declaration,
    rows: Followed,
    fitted: Fitted,
    surrogate: Surrogate,
) -> Written:
    """`written` with the weights of `fitted`, and the caps and the range of what was seen.

    Raises:
        NoSupport: the weights are too small for the grid of rewards.
        InvalidDeclaration: the belief cannot learn such a reward.
    """
    from tamesu.policy import compose

    weights = {
        name: short(weight)
        for name, weight in zip(rows.types, fitted.weights.tolist(), strict=True)
    }
    caps = {
        name: cap
        for name, cap in zip(rows.types, fitted.caps.tolist(), strict=True)
        if weights[name] and cap > 0
    }
    score = rows.early @ np.array(list(weights.values()))
    low, high = min(0.0, float(score.min())), max(0.0, float(score.max()))
    if high - low < LEAST_SPREAD:
        raise NoSupport(
            f"rewards must lie {LEAST_SPREAD:.2g} apart at least, these lie within {high - low:.2g}",
            hint="count the later value in a smaller unit: its values a thousand times as large",
        )
    bounds = (math.floor(low * GRID) / GRID, math.ceil(high * GRID) / GRID)
    reward = _reward(written, declaration, weights, caps, bounds)
    made = {**written, "reward": {**reward, "surrogate": lists(plain(surrogate))}}
    compose(Declaration.parse(made))
    return made


def warmed(made: Written, rows: Followed, strength: float) -> Written:
    """`made` with a prior for each of its arms that was delivered: what its early events were worth.

    Raises:
        InvalidInput: the belief has no priors, or a strength that cannot be.
    """
    from tamesu.policy import compose
    from tamesu.policy.warm_start import Logged, priors_from

    declaration = Declaration.parse(made)
    terms = declaration.reward.events
    weights = np.array([terms[name].weight for name in rows.types])
    worth = np.clip(rows.early @ weights, *declaration.reward.range or (-np.inf, np.inf))
    logged: dict[str, Logged] = {}
    for place, arm in enumerate(rows.arms):
        mine = worth[rows.arm == place]
        if len(mine) and arm in declaration.arm_ids:
            logged[arm] = Logged(len(mine), float(mine.mean()), float(mine.var()))
    belief = {**declaration.belief.plain(), "priors": priors_from(declaration, logged, strength)}
    warm = {**made, "policy": {**(made.get("policy") or {}), "belief": belief}}
    compose(Declaration.parse(warm))
    return warm


def _reward(
    written: Mapping[str, Any],
    declaration: Declaration,
    weights: Mapping[str, float],
    caps: Mapping[str, float],
    bounds: tuple[float, float],
) -> Written:
    """The reward with other weights; what was not written stays unwritten."""
    events: Written = {}
    for name, term in declaration.reward.events.items():
        events[name] = {"weight": weights[name], **_rest_of(term, caps.get(name))}
        if len(events[name]) == 1:
            events[name] = weights[name]
    said: Mapping[str, Any] = written.get("reward") or {}
    kept = {name: value for name, value in said.items() if name not in ("default", "surrogate")}
    return {**kept, "events": events, "range": list(bounds)}


def _rest_of(term: EventTerm, cap: float | None) -> Written:
    rest: Written = {}
    if term.aggregate is not Aggregate.ANY:
        rest["aggregate"] = term.aggregate.value
    if term.aggregate in COUNTED and cap is not None:
        rest["cap"] = short(cap)
    elif term.cap is not None:
        rest["cap"] = term.cap
    if term.within is not None:
        rest["within"] = term.within.text()
    return rest


def short(value: float) -> float:
    """`value` with as many digits as are written."""
    return float(f"{value:.{DIGITS}g}")


def lists(data: Any) -> Any:
    """`data` with lists for tuples, as JSON and YAML have them."""
    if isinstance(data, Mapping):
        return {name: lists(value) for name, value in data.items()}
    return [lists(one) for one in data] if isinstance(data, tuple | list) else data
