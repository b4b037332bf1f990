"""Bounds of what a bandit's decisions can earn, and of weights in its log, as they follow from its declarations.

Refuses to look at what was earned: the largest value that was seen is no bound.
"""

from __future__ import annotations

from tamesu.base import Anchor, Time
from tamesu.engine.archived_decisions import ArchivedDecisions
from tamesu.engine.remade import prepared_of
from tamesu.engine.rosters import Rosters
from tamesu.evaluate import Logged
from tamesu.policy import Policy, compose


def ends_of(decisions: ArchivedDecisions) -> tuple[float, float] | None:
    """Least and greatest that a decision can earn with all its deliveries; none where nothing bounds it.

    None, too, where it can earn but one thing. What nobody saw, and positions that stayed empty, earn 0.
    """
    reward, size = decisions.declaration.reward, decisions.policy.size
    ends = reward.bounds()
    if ends is None or ends[0] >= ends[1]:
        return None
    low, high = ends
    if size > 1 or reward.anchor is Anchor.IMPRESSION:
        low, high = min(low, 0.0), max(high, 0.0)
    return low * size, high * size


def most_weight_of(decisions: ArchivedDecisions, logged: Logged) -> float | None:
    """The largest weight that one of these decisions of one arm could have; none where nothing bounds it.

    It is bounded where the uniform share that was declared reaches every arm.
    """
    if logged.size > 1:
        return None
    least, rosters = 1.0, Rosters(decisions.store, decisions.bandit)
    policies: dict[int, Policy] = {}
    known: set[tuple[int, tuple[str, ...]]] = set()
    for number, version in logged.told.deciders():
        roster = rosters.at(number, version)
        ids = roster.ids
        if (number, ids) in known:
            continue
        known.add((number, ids))
        if number not in policies:
            policies[number] = compose(decisions.declared_at(number))
        policy = policies[number]
        if policy.declaration.newcomer is not None:
            return None
        prior = prepared_of(policy, roster, None, Time(0))
        least = min(least, prior.least)
    return 1.0 / least if least > 0.0 else None
