"""The bandits as a trainer holds them: declaration, policy, state, version.

A bandit is read from the store when its first observations come. Refuses to change a state before the
store has it: `learn` gives snapshots and keeps the states apart until `committed` makes them the
present.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tamesu.base import Batch, Bug, Observations, Outcome, Snapshot, Time
from tamesu.base.observations import NO_TIME
from tamesu.policy import Policy, State, compose
from tamesu.ports import Store
from tamesu.train import learn


@dataclass(frozen=True)
class Pupil:
    """One bandit: its declaration's number and batch rule, its policy, and what it has learnt."""

    number: int
    batch: Batch
    policy: Policy
    state: State
    version: int
    observations: int


class Pupils:
    """Every bandit that this trainer has met."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._present: dict[str, Pupil] = {}
        self._next: dict[str, Pupil] = {}

    def batch(self, bandit: str) -> Batch:
        """When a micro-batch of `bandit` closes."""
        return self._of(bandit).batch

    def learn(self, groups: Sequence[Observations], now: Time, watermark: Time) -> list[Snapshot]:
        """The new snapshot of every bandit that `groups` teach anything."""
        self._next = {}
        by_bandit: dict[str, list[Observations]] = {}
        for group in groups:
            by_bandit.setdefault(group.bandit, []).append(group)
        snapshots = []
        for bandit, theirs in by_bandit.items():
            before = self._of(bandit)
            state, learnt = before.state, 0
            for group in theirs:
                state, more = learn(before.policy, state, group)
                learnt += more
            if not learnt:
                continue
            after = Pupil(
                number=before.number,
                batch=before.batch,
                policy=before.policy,
                state=state,
                version=before.version + 1,
                observations=before.observations + learnt,
            )
            self._next[bandit] = after
            snapshots.append(
                Snapshot(
                    bandit=bandit,
                    declaration=after.number,
                    version=after.version,
                    state=after.policy.encode(state),
                    created=now,
                    watermark=watermark,
                    observations=after.observations,
                    ready=_earliest([group.closed for group in theirs]),
                    accepted=_earliest([_counted(group) for group in theirs]),
                )
            )
        return snapshots

    def committed(self) -> None:
        """What `learn` gave last is in the store."""
        self._present |= self._next
        self._next = {}

    def _of(self, bandit: str) -> Pupil:
        found = self._present.get(bandit)
        if found is None:
            found = self._present[bandit] = self._read(bandit)
        return found

    def _read(self, bandit: str) -> Pupil:
        declared = self._store.declarations().get(bandit)
        if declared is None:
            raise Bug(f"observations of bandit {bandit!r}, which is not in the store")
        policy = compose(declared.declaration)
        snapshot = self._store.snapshot(bandit)
        return Pupil(
            number=declared.number,
            batch=declared.declaration.batch,
            policy=policy,
            state=policy.init() if snapshot is None else policy.decode(snapshot.state),
            version=0 if snapshot is None else snapshot.version,
            observations=0 if snapshot is None else snapshot.observations,
        )


def _counted(group: Observations) -> NDArray[np.int64]:
    taught = (group.outcome == Outcome.OBSERVED) & (group.accepted != NO_TIME)
    accepted: NDArray[np.int64] = group.accepted[taught]
    return accepted


def _earliest(columns: Sequence[NDArray[np.int64]]) -> Time | None:
    times = np.concatenate(columns)
    return Time(int(times.min())) if len(times) else None
