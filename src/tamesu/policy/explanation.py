"""A decision executed again, and what was believed of each arm when it was made.

A choice is a pure function of the state, the arms, the eligible set and the decision's id. So whoever
has these can make it again and compare. Refuses to find them, and to learn.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from tamesu.base import Time
from tamesu.policy.compose import Policy
from tamesu.policy.effects import Effects
from tamesu.policy.fallback import Fallback
from tamesu.policy.prepared import Choice, Prepared
from tamesu.policy.summary import ArmSummary
from tamesu.policy.table import State

TOLERANCE = 1e-9
"""Largest difference that other versions and machine types may make; on the same ones it is 0."""

MOST_ARMS = 1_000
"""Arms that an explanation lists; how many more there are, it says."""

MOST_EFFECTS = 20
"""Arms of which it says what the context changes."""

MOST_COLUMNS = 256
"""Columns of a context that it lists."""


class Weighed(ArmSummary, frozen=True, kw_only=True):
    """One arm, as it stood in a decision.

    Attributes:
        eligible: whether it might be chosen.
        delivered: the position at which it was, none if it was not.
        base: its mean in the mean context of what was learnt; none as `effects`.
        effects: by column of the context, what it changes of the mean, the largest first; none where no
            context matters, and beyond the first `MOST_EFFECTS` arms of a position.
    """

    eligible: bool
    delivered: int | None
    base: float | None = None
    effects: dict[str, float] | None = None


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """What a decision does when it is made again.

    Attributes:
        same: the same arms in the same order, from as many draws, every number within `TOLERANCE`.
        difference: the largest between recorded and computed propensities and scores; none where
            the arms differ already.
        again: what it delivers now.
        arms: the delivered ones by position, then the others, the likeliest first; the `share` of
            each is its probability of being placed first in this decision. Where positions have
            beliefs of their own: for each position that was filled the arm delivered there, then
            the others, and the `share` is the probability of being placed there after the arms
            above.
        omitted: how many such rows more there are than `MOST_ARMS`.
        columns: what the context became, by the first `MOST_COLUMNS` columns; none where none matters.
        figures: what the explorer made of all that was learnt, by name, such as how greedy it was.
    """

    same: bool
    difference: float | None
    again: Choice
    arms: tuple[Weighed, ...]
    omitted: int
    columns: dict[str, float] | None = None
    figures: dict[str, float] = {}


def explain(  # noqa: PLR0913 - everything that a choice is a function of
    *,
    policy: Policy,
    state: State,
    prepared: Prepared | Fallback,
    time: Time,
    decision_id: str,
    eligible: Sequence[str] | None,
    delivered: Choice,
    context: NDArray[np.float64] | None = None,
    features: Mapping[str, Mapping[str, Any]] | None = None,
) -> Explanation:
    """The decision `decision_id`, made again and compared with what was `delivered`.

    Args:
        policy: what weighs the arms.
        state: what it had learnt.
        prepared: what chose: of `policy` at `state` and `time`, or a fallback over the same arms.
        time: of `prepared`.
        decision_id: the source of its uniforms.
        eligible: ids that might be chosen, in any order; none for all.
        delivered: as it was recorded.
        context: (d,) columns of the context in which it was made; none for the mean one.
        features: what arms told of themselves then, as `Policy.prepare` takes it.

    Raises:
        InvalidInput: an eligible set that cannot be.
        NotFound: an eligible arm that is not among the prepared ones.
    """
    again = prepared.choose(decision_id, eligible, context)
    difference = _difference(delivered, again)
    same = difference is not None and difference <= TOLERANCE and delivered.draws == again.draws
    parts = [(part, at) for at, arm in enumerate(delivered.arms) for part in policy.delivered(arm)]
    places = _places(policy, prepared, eligible, [part for part, _ in parts])
    among = None if eligible is None else {*eligible}
    where = dict(parts)
    told = context if prepared.contextual else None
    then = _Then(policy, state, time, context, told, features)
    arms: list[Weighed] = []
    for place in places:
        shares = prepared.propensities(place.left, decision_id, place.position, context)
        shown = _shown(prepared.arms, place.first, shares, MOST_ARMS // len(places))
        names = [prepared.arms[row] for row in shown]
        arms += [
            Weighed(
                **msgspec.structs.asdict(summary),
                eligible=among is None or summary.arm in among,
                delivered=where.get(summary.arm),
                base=None if found is None else found.base,
                effects=None if found is None else found.effects,
            )
            for summary, found in then.weighed(names, place.position, shares[shown])
        ]
    return Explanation(
        same=same,
        difference=difference,
        again=again,
        arms=tuple(arms),
        omitted=len(prepared.arms) * len(places) - len(arms),
        columns=None if told is None else _named(told, policy.encoder.names),
        figures=dict(prepared.figures),
    )


def _named(context: NDArray[np.float64], names: Sequence[str]) -> dict[str, float]:
    """The first columns of `context` by name."""
    values: list[float] = context[:MOST_COLUMNS].tolist()
    return dict(zip(names, values, strict=False))


class _Changed(NamedTuple):
    """What a context changes of one arm."""

    base: float
    effects: dict[str, float]


def _changed(effects: Effects, names: Sequence[str]) -> list[_Changed]:
    """The same by arm, with names of columns, the largest first."""
    told = [names[column] for column in effects.columns]
    found: list[_Changed] = []
    for base, changes in zip(effects.base.tolist(), effects.changes.T, strict=True):
        largest: list[int] = np.argsort(-np.abs(changes), kind="stable").tolist()
        found.append(_Changed(base, {told[row]: float(changes[row]) for row in largest}))
    return found


class _Then(NamedTuple):
    """What was believed when it was decided.

    Attributes:
        policy, state, time, context, features: as `explain` has them.
        told: the context, where it matters.
    """

    policy: Policy
    state: State
    time: Time
    context: NDArray[np.float64] | None
    told: NDArray[np.float64] | None
    features: Mapping[str, Mapping[str, Any]] | None

    def weighed(
        self, names: list[str], position: int, shares: NDArray[np.float64]
    ) -> Iterator[tuple[ArmSummary, _Changed | None]]:
        """Each of the arms `names` with its share (n,); of the first, what the context changed."""
        policy, features = self.policy, self.features
        summaries = policy.summary_at(
            self.state,
            names,
            self.time,
            position,
            shares,
            features=features,
            context=self.context,
        )
        changed: list[_Changed | None] = [None] * len(names)
        if self.told is not None:
            first = names[:MOST_EFFECTS]
            effects = policy.effects(self.state, first, self.time, position, self.told, features)
            changed[: len(first)] = _changed(effects, policy.encoder.names)
        return zip(summaries, changed, strict=True)


def _shown(
    arms: Sequence[str], first: Sequence[str], shares: NDArray[np.float64], most: int
) -> list[int]:
    """Rows of the arms to be told: `first` those, then the likeliest."""
    rows = {arm: row for row, arm in enumerate(arms)}
    foremost = [rows[arm] for arm in first if arm in rows]
    others: list[int] = np.argsort(-shares, kind="stable").tolist()
    return [*dict.fromkeys([*foremost, *others])][:most]


class _Place(NamedTuple):
    """A position, the arms to be told first there, and who might be placed there (none: all)."""

    position: int
    first: Sequence[str]
    left: Sequence[str] | None


def _places(
    policy: Policy,
    prepared: Prepared | Fallback,
    eligible: Sequence[str] | None,
    delivered: Sequence[str],
) -> list[_Place]:
    """The positions to be told: the first; those that were filled, where each has its own belief."""
    if policy.beliefs == 1:
        return [_Place(0, delivered, eligible)]
    places: list[_Place] = []
    left = list(prepared.arms if eligible is None else eligible)
    for position, arm in enumerate(delivered):
        places.append(_Place(position, [arm], left))
        left = [one for one in left if one != arm]
        if not left:
            break
    return places


def _difference(one: Choice, other: Choice) -> float | None:
    """The largest difference between two choices' numbers; none where their arms differ."""
    if one.arms != other.arms:
        return None
    numbers = np.array([one.propensities, one.scores]) - np.array(
        [other.propensities, other.scores]
    )
    return float(np.abs(numbers).max(initial=0.0))
