"""`observe`: a bandit after observations of it, whatever it does with them.

Refuses to say where they are kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from tamesu.base import Observations, Status, Time
from tamesu.train.commands.standing import Deferral, Standing
from tamesu.train.learn import due
from tamesu.train.lesson import heeded, learn_all, teach


def observe(  # noqa: PLR0913 - what a snapshot says
    before: Standing,
    groups: Sequence[Observations],
    now: Time,
    watermark: Time,
    *,
    late: Sequence[Observations] = (),
    read: tuple[int, ...] = (),
) -> Standing:
    """`before` after `groups` and `late` of it; the same where they teach it nothing.

    One that learns has the next snapshot. One that is frozen or rolled back learns them aside, one
    that is deleted not at all; neither has a new snapshot. The arguments are `teach`'s.
    """
    if before.status is Status.LEARNING:
        learnt = teach(before.policy, before.learnt, groups, now, watermark, late=late, read=read)
        return before if learnt is None else replace(before, learnt=learnt, is_kept=True)
    if before.deferred is None:
        return before
    state, observations = before.deferred
    theirs = heeded([*groups, *late], before.learnt.snapshot)
    after, more = learn_all(before.policy, state, theirs)
    if after is state:
        return before
    return replace(before, deferred=Deferral(after, observations + more))


def unlearnt(before: Standing, after: Standing, groups: Sequence[Observations]) -> int:
    """How many of `groups`, which made `after` of `before`, should have taught something and did not.

    Their context, or what their arm told of itself, is not what the declaration asks for.
    """
    if before.status is not Status.LEARNING and before.deferred is None:
        return 0
    meant = sum(due(group) for group in heeded(groups, before.learnt.snapshot))
    return meant - (_known(after) - _known(before))


def _known(standing: Standing) -> int:
    """Observations learnt by a bandit, aside where it learns aside."""
    if standing.deferred is not None:
        return standing.deferred.observations
    return standing.learnt.snapshot.observations
