"""Several objectives as one reward: each brought to [0, 1] by its range, then weighed.

`reward.objectives` instead of `reward.events`: what is learnt is a sum of terms as ever, in which the
weight of an event type is its own, divided by the width of its objective's range, times the weight of
the objective. So the join and the archive need not know of objectives. Refuses an objective whose
values nothing bounds: it could not be compared with the others.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import msgspec

from tamesu.base.errors import InvalidDeclaration, listing
from tamesu.base.reward import EventTerm, Reward

MOST_OBJECTIVES = 16


class Objective(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One thing that is wanted.

    Attributes:
        events: weight and aggregate per event type; a type belongs to one objective.
        range: least and greatest value of it; none where they follow from weights and caps.
    """

    events: dict[str, EventTerm]
    range: tuple[float, float] | None = None


class Scalarise(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How objectives become one number.

    Attributes:
        kind: `weighted`, the sum of the objectives, each in [0, 1], by `weights`.
        weights: above 0, by objective; left out, all weigh alike. They count by their share.
    """

    kind: str = "weighted"
    weights: dict[str, float] = {}


class Objectives(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is wanted, and how it becomes one number."""

    objectives: dict[str, Objective]
    scalarise: Scalarise = Scalarise()


def scalarised(wanted: Objectives, where: str) -> tuple[dict[str, EventTerm], tuple[float, float]]:
    """The terms whose sum is the weighed sum of the objectives, up to a constant; and its range.

    With objective d = sum of w_t a_t over its event types, in [low_d, high_d], and shares s_d of the
    weights: the term of type t weighs w_t s_d / (high_d - low_d), and the range is 1 wide.

    Raises:
        InvalidDeclaration: an unknown kind or objective, an event type of two objectives, weights or
            ranges that cannot be, or no range where nothing bounds an objective.
    """
    objectives, scalarise = wanted.objectives, wanted.scalarise
    if scalarise.kind != "weighted":
        raise InvalidDeclaration.unknown_choice(
            scalarise.kind, ["weighted"], f"{where}.scalarise.kind"
        )
    if not 1 <= len(objectives) <= MOST_OBJECTIVES:
        raise InvalidDeclaration(
            f"{where}.objectives must hold 1 to {MOST_OBJECTIVES} objectives, got {len(objectives)}"
        )
    shares = _shares(list(objectives), scalarise.weights, f"{where}.scalarise.weights")
    terms: dict[str, EventTerm] = {}
    least: list[float] = []
    for name, objective in objectives.items():
        low, high = _range(name, objective, where)
        least.append(shares[name] * low / (high - low))
        for type_, term in objective.events.items():
            if type_ in terms:
                raise InvalidDeclaration(
                    f"an event type must belong to one objective, {type_[:80]!r} stands in two",
                    hint="send an event of its own for each",
                )
            weight = term.weight * shares[name] / (high - low)
            terms[type_] = msgspec.structs.replace(term, weight=weight)
    start = math.fsum(least)
    return terms, (start, start + 1.0)


def _shares(names: list[str], weights: Mapping[str, float], where: str) -> dict[str, float]:
    for name, weight in weights.items():
        if name not in names:
            raise InvalidDeclaration.unknown_choice(name, names, where)
        if not (math.isfinite(weight) and weight > 0.0):
            raise InvalidDeclaration(
                f"{where}.{name} must be finite and above 0, got {weight:g}",
                hint="leave out an objective that counts for nothing",
            )
    missing = [name for name in names if weights and name not in weights]
    if missing:
        raise InvalidDeclaration(
            f"{where} must weigh every objective, or none; missing: {listing(missing)}"
        )
    total = math.fsum(weights.get(name, 1.0) for name in names)
    return {name: weights.get(name, 1.0) / total for name in names}


def _range(name: str, objective: Objective, where: str) -> tuple[float, float]:
    at = f"{where}.objectives.{name[:80]}"
    if not objective.events:
        raise InvalidDeclaration(f"{at} must name at least one event type, got none")
    found = objective.range or Reward(events=objective.events).bounds()
    if found is None:
        raise InvalidDeclaration(
            f"{at} must have a range: its events can come to any value, and objectives are compared "
            "by where they lie in their ranges",
            hint=f"for example  {name[:80]}: {{events: ..., range: [0, 100]}}",
        )
    low, high = found
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        raise InvalidDeclaration(
            f"{at}.range must be [least, greatest] with least below greatest, got [{low:g}, {high:g}]"
        )
    return low, high
