"""The bandits as a trainer holds them: declaration, policy, roster, and what they have learnt.

A bandit is read from the store when its first observations or commands come. Refuses to change what it
holds before the store has it: `obey` and `learn` keep what they made apart until `committed` makes it
the present.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby

import msgspec

from tamesu.base import (
    Batch,
    Bug,
    Command,
    Effect,
    NotFound,
    Observations,
    Refusal,
    Roster,
    Snapshot,
    Time,
)
from tamesu.policy import compose
from tamesu.ports import Declared, Store, roster_of
from tamesu.train import Learnt, Standing, obey, prior, teach


@dataclass(frozen=True)
class _Pupil:
    batch: Batch
    standing: Standing


class Pupils:
    """Every bandit that this trainer has met.

    Attributes:
        snapshots, rosters, commands: what was made since the last commit, in order.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._present: dict[str, _Pupil] = {}
        self._begin()

    def _begin(self) -> None:
        self._next: dict[str, _Pupil] = {}
        self.snapshots: list[Snapshot] = []
        self.rosters: list[Roster] = []
        self.commands: list[Command] = []

    def batch(self, bandit: str) -> Batch:
        """When a micro-batch of `bandit` closes."""
        return self._of(bandit).batch

    def obey(
        self, commands: Sequence[Command], read: tuple[int, ...], now: Time, watermark: Time
    ) -> None:
        """Begins anew what is made for the next commit, and applies `commands` in their order.

        Args:
            commands: those that wait.
            read: offsets of the last commit.
            now: the time.
            watermark: the log's time.
        """
        self._begin()
        by_bandit: dict[str, list[Command]] = {}
        for command in commands:
            by_bandit.setdefault(command.bandit, []).append(command)
        for bandit, theirs in by_bandit.items():
            pupil = self._known(bandit)
            if pupil is None:
                self.commands += [_refused(command, read, now) for command in theirs]
                continue
            before = pupil.standing
            after, done = obey(theirs, before, read, now, watermark)
            self.commands += done
            if after is before:
                continue
            self._next[bandit] = replace(pupil, standing=after)
            self.snapshots.append(after.learnt.snapshot)
            if after.roster is not before.roster:
                self.rosters.append(after.roster)

    def learn(self, groups: Sequence[Observations], now: Time, watermark: Time) -> None:
        """Makes the next snapshot of every bandit that `groups` (bandits together) teach anything."""
        for bandit, theirs in groupby(groups, key=lambda group: group.bandit):
            pupil = self._of(bandit)
            standing = pupil.standing
            learnt = teach(standing.policy, standing.learnt, list(theirs), now, watermark)
            if learnt is not None:
                self._next[bandit] = replace(pupil, standing=replace(standing, learnt=learnt))
                self.snapshots.append(learnt.snapshot)

    def committed(self) -> None:
        """What was made is in the store."""
        self._present |= self._next
        self._begin()

    def _of(self, bandit: str) -> _Pupil:
        found = self._known(bandit)
        if found is None:
            raise Bug(f"observations of bandit {bandit!r}, which is not in the store")
        return found

    def _known(self, bandit: str) -> _Pupil | None:
        found = self._next.get(bandit) or self._present.get(bandit)
        if found is None:
            declared = self._store.declarations().get(bandit)
            if declared is None:
                return None
            found = self._present[bandit] = self._read(declared)
        return found

    def _read(self, declared: Declared) -> _Pupil:
        declaration = declared.declaration
        policy = compose(declaration)
        snapshot = self._store.snapshot(declaration.name)
        learnt = (
            prior(declaration.name, declared.number, policy, declared.created)
            if snapshot is None
            else Learnt(policy.decode(snapshot.state), snapshot)
        )
        roster = roster_of(self._store, declared, snapshot)
        return _Pupil(declaration.batch, Standing(policy, learnt, roster))


def _refused(command: Command, read: tuple[int, ...], now: Time) -> Command:
    """A command to a bandit that is not there."""
    refusal = Refusal(code=NotFound.code, detail=f"no bandit named {command.bandit!r}")
    effect = Effect(at=now, snapshot=0, roster=0, read=read, refusal=refusal)
    return msgspec.structs.replace(command, effect=effect)
