"""The bandits as a trainer holds them: declaration, policy, and what they have learnt.

A bandit is read from the store when its first observations come. Refuses to change what it holds before
the store has it: `learn` gives snapshots and keeps their states apart until `committed` makes them the
present.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from tamesu.base import Batch, Bug, Observations, Snapshot, Time
from tamesu.policy import Policy, compose
from tamesu.ports import Store
from tamesu.train import Learnt, prior, teach


@dataclass(frozen=True)
class _Pupil:
    batch: Batch
    policy: Policy
    learnt: Learnt


class Pupils:
    """Every bandit that this trainer has met."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._present: dict[str, _Pupil] = {}
        self._next: dict[str, _Pupil] = {}

    def batch(self, bandit: str) -> Batch:
        """When a micro-batch of `bandit` closes."""
        return self._of(bandit).batch

    def learn(self, groups: Sequence[Observations], now: Time, watermark: Time) -> list[Snapshot]:
        """The next snapshot of every bandit that `groups` (bandits together) teach anything."""
        self._next = {}
        for bandit, theirs in groupby(groups, key=lambda group: group.bandit):
            pupil = self._of(bandit)
            learnt = teach(pupil.policy, pupil.learnt, list(theirs), now, watermark)
            if learnt is not None:
                self._next[bandit] = replace(pupil, learnt=learnt)
        return [pupil.learnt.snapshot for pupil in self._next.values()]

    def committed(self) -> None:
        """What `learn` gave last is in the store."""
        self._present |= self._next
        self._next = {}

    def _of(self, bandit: str) -> _Pupil:
        found = self._present.get(bandit)
        if found is None:
            found = self._present[bandit] = self._read(bandit)
        return found

    def _read(self, bandit: str) -> _Pupil:
        declared = self._store.declarations().get(bandit)
        if declared is None:
            raise Bug(f"observations of bandit {bandit!r}, which is not in the store")
        policy = compose(declared.declaration)
        snapshot = self._store.snapshot(bandit)
        learnt = (
            prior(bandit, declared.number, policy, declared.created)
            if snapshot is None
            else Learnt(policy.decode(snapshot.state), snapshot)
        )
        return _Pupil(declared.declaration.batch, policy, learnt)
