"""Thinning: old snapshots go, fewer the older they are.

Which stay is `tamesu.train.keeping`'s to say; one bandit a slice, the one that was looked at longest
ago. Refuses to drop what somebody pinned, and the newest.
"""

from __future__ import annotations

from tamesu.base.times import MINUTE_US
from tamesu.engine.duty import Slice, Turn
from tamesu.ports import Store
from tamesu.train import keeping

ROUND_US = 10 * MINUTE_US
"""How often the snapshots of one bandit are looked at: an hour of them stays anyway."""

MOST_DROPPED = 2_000
"""Snapshots dropped in one slice: their states are read as they go."""


class Thinning:
    """Drops the snapshots that need not stay."""

    name = "thinning"
    every_us = MINUTE_US

    def __init__(self, store: Store) -> None:
        self._store = store
        self._looked: dict[str, int] = {}

    def slice(self, turn: Turn) -> Slice:
        """Thins one bandit; there is more to do where another, or more of this one, is due."""
        due = [name for name in self._store.versions() if self._is_due(name, turn.now)]
        if not due:
            return Slice()
        bandit = min(due, key=lambda name: (self._looked.get(name, 0), name))
        snapshots = self._store.snapshots(bandit)
        stay = keeping(snapshots, self._store.pinned(bandit), turn.now)
        gone = [one.version for one in snapshots if one.version not in stay]
        thinned = self._store.thin(turn.lease, bandit, gone[:MOST_DROPPED]) if gone else 0
        if len(gone) <= MOST_DROPPED:
            self._looked[bandit] = turn.now
        return Slice(
            more=len(due) > 1 or len(gone) > MOST_DROPPED,
            counts={"snapshots_thinned_total": thinned} if thinned else {},
        )

    def _is_due(self, bandit: str, now: int) -> bool:
        # A clock that was set back makes nothing wait longer than it would have.
        return bandit not in self._looked or not 0 <= now - self._looked[bandit] < ROUND_US
