"""`top_of`: the arms at the top of what a policy has learnt, by posterior mean (in its mean context).

Refuses to draw: a ranking that moves by the luck of a draw says nothing of what is known.
"""

from __future__ import annotations

from tamesu.base import Corrupt, Roster, Snapshot
from tamesu.experiment import leading
from tamesu.policy import Policy, compose
from tamesu.ports import Declared, Store, roster_of
from tamesu.serve.core.hot import Hot, features_of


def top_of(hot: Hot, size: int | None = None) -> frozenset[str]:
    """The top of what is served; `size` arms, or as many as a decision delivers."""
    arms = hot.ids
    means = hot.policy.means(hot.state, arms, hot.time, hot.features)
    return leading(means, arms, size or hot.policy.size)


class Tops:
    """The tops of a bandit's kept snapshots, each read once.

    Args:
        store: to read.
        declared: the bandit's newest declaration.
        size: how many arms.

    Attributes:
        unreadable: versions that do not read.
    """

    def __init__(self, store: Store, declared: Declared, size: int) -> None:
        self._store, self._declared, self._size = store, declared, size
        self._policies: dict[int, Policy | None] = {}
        self._rosters: dict[tuple[int, int], Roster] = {}
        self._tops: dict[int, frozenset[str] | None] = {}
        self.unreadable: list[int] = []

    def of(self, version: int) -> frozenset[str] | None:
        """The top of this version; none where it is not kept or does not read.

        Raises:
            Unavailable: the store is down.
        """
        if version not in self._tops:
            try:
                self._tops[version] = self._read(version)
            except Corrupt:
                self.unreadable.append(version)
                self._tops[version] = None
        return self._tops[version]

    def _read(self, version: int) -> frozenset[str] | None:
        snapshot = self._store.snapshot(self._declared.declaration.name, version)
        policy = None if snapshot is None else self._policy(snapshot.declaration)
        if snapshot is None or policy is None:
            return None
        roster = self._roster(snapshot)
        features = features_of(policy, roster)
        state = policy.decode(snapshot.state)
        means = policy.means(state, roster.ids, snapshot.watermark, features)
        return leading(means, roster.ids, self._size)

    def _policy(self, number: int) -> Policy | None:
        if number not in self._policies:
            found = self._of(number)
            self._policies[number] = None if found is None else compose(found.declaration)
        return self._policies[number]

    def _roster(self, snapshot: Snapshot) -> Roster:
        key = snapshot.declaration, snapshot.roster
        if key not in self._rosters:
            declared = self._of(snapshot.declaration) or self._declared
            self._rosters[key] = roster_of(self._store, declared, snapshot)
        return self._rosters[key]

    def _of(self, number: int) -> Declared | None:
        newest = self._declared
        if number == newest.number:
            return newest
        return self._store.declared(newest.declaration.name, number)
