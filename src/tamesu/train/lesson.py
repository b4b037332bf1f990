"""`teach`: one bandit's share of a micro-batch, from observations to the next snapshot.

Refuses to store it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from tamesu.base import Observations, Snapshot, Time
from tamesu.base.observations import NO_TIME
from tamesu.policy import Policy, State
from tamesu.train.learn import learn, teaches


class Learnt(NamedTuple):
    """A bandit's state and the snapshot that says so."""

    state: State
    snapshot: Snapshot


def prior(bandit: str, declaration: int, policy: Policy, created: Time) -> Learnt:
    """What a bandit knows before its first observation: version 0, which is never stored.

    It learns from no older declaration.
    """
    state = policy.init()
    return Learnt(
        state,
        Snapshot(
            bandit=bandit,
            declaration=declaration,
            version=0,
            state=policy.encode(state),
            created=created,
            watermark=Time(0),
            observations=0,
            learns_from=declaration,
        ),
    )


def teach(  # noqa: PLR0913 - what a snapshot says
    policy: Policy,
    before: Learnt,
    groups: Sequence[Observations],
    now: Time,
    watermark: Time,
    *,
    late: Sequence[Observations] = (),
    read: tuple[int, ...] = (),
) -> Learnt | None:
    """What a bandit knows after `groups` and `late` of it, or none where they teach nothing.

    The snapshot has the next version, and counts what was learnt in all. `ready` is the earliest
    moment at which one of the observations was due: with the first decision that the snapshot
    serves, the freshness. `accepted` is the earliest at which the newest event behind one of them
    was received: the same for the learning delay. Both are those of rows of `groups` that taught
    something: what came late says nothing of either.

    Law: the state does not depend on how observations are cut into groups, nor on their order, for
    a belief whose evidence adds up exactly.

    Args:
        policy: of its declaration.
        before: what it knew.
        groups: what the join gave; of it what is `heeded`.
        now: the time.
        watermark: the log's time.
        late: corrections of what came too late for the join.
        read: offsets up to which the log was learnt from.
    """
    groups, late = heeded(groups, before.snapshot), heeded(late, before.snapshot)
    state, more = learn_all(policy, before.state, [*groups, *late])
    if state is before.state:
        return None
    taught = [group.take(teaches(group)) for group in groups]
    snapshot = msgspec.structs.replace(
        before.snapshot,
        version=before.snapshot.version + 1,
        state=policy.encode(state),
        created=now,
        watermark=watermark,
        observations=before.snapshot.observations + more,
        ready=_earliest([group.closed for group in taught]),
        accepted=_earliest([group.accepted for group in taught]),
        read=read,
    )
    return Learnt(state, snapshot)


def learn_all(policy: Policy, state: State, groups: Sequence[Observations]) -> tuple[State, int]:
    """`learn` of all that `groups` hold at once: what one snapshot learnt can be learnt again as it was.

    Beliefs whose evidence depends on the state come to other states in other pieces.
    """
    some = [group for group in groups if len(group)]
    return learn(policy, state, Observations.concatenate(some)) if some else (state, 0)


def heeded(groups: Sequence[Observations], snapshot: Snapshot) -> list[Observations]:
    """What of `groups` the lineage of `snapshot` learns from: not what was declared or decided before it."""
    theirs = [group for group in groups if group.declaration >= snapshot.learns_from]
    if not snapshot.learns_after:
        return theirs
    return [group.take(group.decided > snapshot.learns_after) for group in theirs]


def marked(group: Observations, snapshot: Snapshot) -> Observations:
    """`group` with `absorbed` filled in: `snapshot` has learnt it, where it teaches anything."""
    if group.declaration < snapshot.learns_from:
        return group
    learnt = teaches(group)
    if snapshot.learns_after:
        learnt &= group.decided > snapshot.learns_after
    return replace(group, absorbed=np.where(learnt, np.int64(snapshot.version), np.int64(0)))


def _earliest(columns: Sequence[NDArray[np.int64]]) -> Time | None:
    times = np.concatenate(columns) if columns else np.empty(0, dtype=np.int64)
    times = times[times != NO_TIME]
    return Time(int(times.min())) if len(times) else None
