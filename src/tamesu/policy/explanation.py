"""A decision executed again, and what was believed of each arm when it was made.

A choice is a pure function of the state, the arms, the eligible set and the decision's id. So whoever
has these can make it again and compare. Refuses to find them, and to learn.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np

from tamesu.base import Time
from tamesu.policy.compose import ArmSummary, Policy
from tamesu.policy.fallback import Fallback
from tamesu.policy.prepared import Choice, Prepared
from tamesu.policy.table import State

TOLERANCE = 1e-9
"""Largest difference that other versions and machine types may make; on the same ones it is 0."""

MOST_ARMS = 1_000
"""Arms that an explanation lists; how many more there are, it says."""


class Weighed(ArmSummary, frozen=True, kw_only=True):
    """One arm, as it stood in a decision.

    Attributes:
        eligible: whether it might be chosen.
        position: where it was delivered, none if it was not.
    """

    eligible: bool
    position: int | None


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """What a decision does when it is made again.

    Attributes:
        same: the same arms in the same order, from as many draws, every number within `TOLERANCE`.
        difference: the largest between recorded and computed propensities and scores; none where
            the arms differ already.
        again: what it delivers now.
        arms: the delivered ones by position, then the others, the likeliest first; the `share` of
            each is its probability of being placed first in this decision.
        omitted: how many arms more there are than `MOST_ARMS`.
    """

    same: bool
    difference: float | None
    again: Choice
    arms: tuple[Weighed, ...]
    omitted: int


def explain(  # noqa: PLR0913 - everything that a choice is a function of
    *,
    policy: Policy,
    state: State,
    prepared: Prepared | Fallback,
    time: Time,
    decision_id: str,
    eligible: Sequence[str] | None,
    delivered: Choice,
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

    Raises:
        InvalidInput: an eligible set that cannot be.
        NotFound: an eligible arm that is not among the prepared ones.
    """
    again = prepared.choose(decision_id, eligible)
    difference = _difference(delivered, again)
    same = difference is not None and difference <= TOLERANCE and delivered.draws == again.draws
    shares = prepared.propensities(eligible, decision_id)
    position = {arm: place for place, arm in enumerate(delivered.arms)}
    rows = {arm: row for row, arm in enumerate(prepared.arms)}
    first = [rows[arm] for arm in delivered.arms if arm in rows]
    others = np.argsort(-shares, kind="stable").tolist()
    shown = [*dict.fromkeys([*first, *others])][:MOST_ARMS]
    among = None if eligible is None else {*eligible}
    names = [prepared.arms[row] for row in shown]
    return Explanation(
        same=same,
        difference=difference,
        again=again,
        arms=tuple(
            Weighed(
                **msgspec.structs.asdict(summary),
                eligible=among is None or summary.arm in among,
                position=position.get(summary.arm),
            )
            for summary in policy.summary(state, names, time, shares=shares[shown])
        ),
        omitted=len(prepared.arms) - len(shown),
    )


def _difference(one: Choice, other: Choice) -> float | None:
    """The largest difference between two choices' numbers; none where their arms differ."""
    if one.arms != other.arms:
        return None
    numbers = np.array([one.propensities, one.scores]) - np.array(
        [other.propensities, other.scores]
    )
    return float(np.abs(numbers).max(initial=0.0))
