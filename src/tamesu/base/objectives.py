"""Several objectives as one reward: each brought to [0, 1] by its range, then weighed.

`reward.objectives` instead of `reward.events`: a reward is a sum of terms as ever, in which the weight of
an event type is its own, divided by the width of its objective's range, times the share of the objective.
So the join and the archive need not know of objectives. With `gini` all shares are equal, and what is
learnt is each objective by itself, out of the same terms (`tamesu.base.aims`). Refuses an objective whose
values nothing bounds: it could not be compared with the others.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import pairwise

import msgspec

from tamesu.base.aims import Aims, scaled
from tamesu.base.errors import InvalidDeclaration, listing
from tamesu.base.reward import MAX_VALUE, EventTerm, Reward, check

MOST_OBJECTIVES = 16
MOST_LETTERS = 64
"""Of an objective's name."""

KINDS = ("weighted", "gini")
"""How objectives can become one number."""

LEAST_WEIGHT = 1.0 / MAX_VALUE
"""Of an objective; the greatest is `MAX_VALUE`."""


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
        kind: `weighted`, the sum of the objectives, each in [0, 1], by `weights`; or `gini`, which looks
            after the worst of them most.
        weights: above 0. Of `weighted` by objective; they count by their share; left out, all weigh alike.
            Of `gini` a list by rank, the worst objective first, never rising; left out, 1, 1/2, 1/4, ….
    """

    kind: str = "weighted"
    weights: dict[str, float] | tuple[float, ...] = {}


class Objectives(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is wanted, and how it becomes one number."""

    objectives: dict[str, Objective]
    scalarise: Scalarise = Scalarise()


def rewarded(reward: Reward, wanted: Objectives, where: str) -> Reward:
    """`reward` with the events and the range that follow from its objectives.

    Raises:
        InvalidDeclaration: as `scalarised`; or `gini`, and clauses of the reward as one number.
    """
    events, range_ = scalarised(wanted, where)
    if aims_of(wanted, where).are_apart and (reward.default or reward.range not in (None, range_)):
        raise InvalidDeclaration(
            f"{where}.default and {where}.range are of a reward that is one number; with kind gini they must "
            "be left out",
            hint="an objective has a range of its own, and without events it is 0",
        )
    return msgspec.structs.replace(
        reward, events=events, range=reward.range or range_, by_term=True
    )


def scalarised(wanted: Objectives, where: str) -> tuple[dict[str, EventTerm], tuple[float, float]]:
    """The terms whose sum is the weighed sum of the objectives, up to a constant; and its range.

    With objective d = sum of w_t a_t over its event types, in [low_d, high_d], and shares s_d of the
    weights: the term of type t weighs w_t s_d / (high_d - low_d), and the range is 1 wide.

    Raises:
        InvalidDeclaration: an unknown kind or objective, an event type of two objectives, weights or
            ranges that cannot be, or no range where nothing bounds an objective.
    """
    aims = aims_of(wanted, where)
    terms: dict[str, EventTerm] = {}
    for (name, objective), share, (low, high) in zip(
        wanted.objectives.items(), aims.shares, aims.ranges, strict=True
    ):
        largest = max(1.0, abs(low), *[abs(term.weight) for term in objective.events.values()])
        if largest > MAX_VALUE * (high - low):
            raise InvalidDeclaration(
                f"{where}.objectives.{name}.range must be wider than 2^-31, and than that part of what lies "
                f"in it, got [{low:g}, {high:g}]"
            )
        for type_, term in objective.events.items():
            if type_ in terms:
                raise InvalidDeclaration(
                    f"an event type must belong to one objective, {type_[:80]!r} stands in two",
                    hint="send an event of its own for each",
                )
            terms[type_] = msgspec.structs.replace(term, weight=term.weight * share / (high - low))
    start = aims.start
    return terms, (start, start + 1.0)


def aims_of(wanted: Objectives, where: str = "reward") -> Aims:
    """The objectives as numbers.

    Raises:
        InvalidDeclaration: as `scalarised`.
    """
    objectives, scalarise = wanted.objectives, wanted.scalarise
    if scalarise.kind not in KINDS:
        raise InvalidDeclaration.unknown_choice(
            scalarise.kind, list(KINDS), f"{where}.scalarise.kind"
        )
    if not 1 <= len(objectives) <= MOST_OBJECTIVES:
        raise InvalidDeclaration(
            f"{where}.objectives must hold 1 to {MOST_OBJECTIVES} objectives, got {len(objectives)}"
        )
    for name in objectives:
        if not (0 < len(name) <= MOST_LETTERS and name.isprintable()):
            raise InvalidDeclaration(
                f"the name of an objective must have 1 to {MOST_LETTERS} printable characters, got "
                f"{name[:80]!r}"
            )
    names, at = tuple(objectives), f"{where}.scalarise.weights"
    if scalarise.kind == "gini":
        shares = (1.0 / len(names),) * len(names)
        weights = _by_rank(len(names), scalarise.weights, at)
    else:
        shares = weights = _shares(names, scalarise.weights, at)
    ranges = tuple(_range(name, one, where) for name, one in objectives.items())
    return Aims(
        names=names,
        kind=scalarise.kind,
        weights=weights,
        types=tuple(tuple(one.events) for one in objectives.values()),
        ranges=ranges,
        shares=shares,
        possible=tuple(
            scaled(*range_, Reward(events=one.events).possible())
            for range_, one in zip(ranges, objectives.values(), strict=True)
        ),
    )


def _by_rank(
    count: int, weights: Mapping[str, float] | tuple[float, ...], where: str
) -> tuple[float, ...]:
    if isinstance(weights, Mapping):
        if weights:
            raise InvalidDeclaration(
                f"{where} of kind gini must be a list by rank, the worst objective first, got weights by "
                "objective",
                hint="for example  weights: [1, 0.5]; to weigh by objective,  kind: weighted",
            )
        return tuple(0.5**rank for rank in range(count))
    if len(weights) != count:
        raise InvalidDeclaration(
            f"{where} must have one weight for each of {count} objectives, got {len(weights)}"
        )
    falls = all(one >= other for one, other in pairwise(weights))
    if not (falls and all(LEAST_WEIGHT <= one <= MAX_VALUE for one in weights)):
        raise InvalidDeclaration(
            f"{where} must lie between 2^-31 and 2^31 and never rise from one rank to the next, got "
            f"{[float(f'{one:g}') for one in weights]}",
            hint="the first is of the worst objective, and weighs most",
        )
    return weights


def _shares(
    names: tuple[str, ...], weights: Mapping[str, float] | tuple[float, ...], where: str
) -> tuple[float, ...]:
    if not isinstance(weights, Mapping):
        raise InvalidDeclaration(
            f"{where} of kind weighted must be by objective, got a list",
            hint="for example  weights: {clicks: 1, revenue: 3}; by rank,  kind: gini",
        )
    for name, weight in weights.items():
        if name not in names:
            raise InvalidDeclaration.unknown_choice(name, list(names), where)
        if not LEAST_WEIGHT <= weight <= MAX_VALUE:
            raise InvalidDeclaration(
                f"{where}.{name} must lie between 2^-31 and 2^31, got {weight:g}",
                hint="leave out an objective that counts for nothing",
            )
    missing = [name for name in names if weights and name not in weights]
    if missing:
        raise InvalidDeclaration(
            f"{where} must weigh every objective, or none; missing: {listing(missing)}"
        )
    total = math.fsum(weights.get(name, 1.0) for name in names)
    return tuple(weights.get(name, 1.0) / total for name in names)


def _range(name: str, objective: Objective, where: str) -> tuple[float, float]:
    at = f"{where}.objectives.{name}"
    reward = Reward(events=objective.events, range=objective.range)
    check(reward, at)
    found = reward.bounds()
    if found is None:
        raise InvalidDeclaration(
            f"{at} must have a range: its events can come to any value, and objectives are compared "
            "by where they lie in their ranges",
            hint=f"for example  {name}: {{events: ..., range: [0, 100]}}",
        )
    low, high = found
    if not low < high:
        raise InvalidDeclaration(
            f"{at}.range must be [least, greatest] with least below greatest, got [{low:g}, {high:g}]"
        )
    return low, high
