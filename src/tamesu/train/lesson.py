"""`teach`: one bandit's share of a micro-batch, from observations to the next snapshot.

Refuses to store it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from tamesu.base import Observations, Outcome, Snapshot, Time
from tamesu.base.observations import NO_TIME
from tamesu.policy import Policy, State
from tamesu.train.learn import learn


class Learnt(NamedTuple):
    """A bandit's state and the snapshot that says so."""

    state: State
    snapshot: Snapshot


def prior(bandit: str, declaration: int, policy: Policy, created: Time) -> Learnt:
    """What a bandit knows before its first observation: version 0, which is never stored."""
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
        ),
    )


def teach(
    policy: Policy, before: Learnt, groups: Sequence[Observations], now: Time, watermark: Time
) -> Learnt | None:
    """What a bandit knows after `groups` of observations of it, or none where they teach nothing.

    The snapshot has the next version, and counts what was learnt in all. `ready` is the earliest
    moment at which one of the observations was due: with the first decision that the snapshot
    serves, the freshness. `accepted` is the earliest at which the newest event behind one of them
    was received: the same for the learning delay. Both are those of rows that taught something.

    Law: the state does not depend on how observations are cut into groups, nor on their order, for
    a belief whose evidence adds up exactly.
    """
    state, learnt = before.state, 0
    for group in groups:
        state, more = learn(policy, state, group)
        learnt += more
    if not learnt:
        return None
    snapshot = msgspec.structs.replace(
        before.snapshot,
        version=before.snapshot.version + 1,
        state=policy.encode(state),
        created=now,
        watermark=watermark,
        observations=before.snapshot.observations + learnt,
        ready=_earliest([group.closed[_taught(group)] for group in groups]),
        accepted=_earliest([group.accepted[_taught(group)] for group in groups]),
    )
    return Learnt(state, snapshot)


def _taught(group: Observations) -> NDArray[np.bool_]:
    taught: NDArray[np.bool_] = (group.outcome == Outcome.OBSERVED) & ~group.fallback
    return taught


def _earliest(columns: Sequence[NDArray[np.int64]]) -> Time | None:
    times = np.concatenate(columns)
    times = times[times != NO_TIME]
    return Time(int(times.min())) if len(times) else None
