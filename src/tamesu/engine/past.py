"""`StoredPast`: the past of a bandit, out of store and archive.

Refuses to remember: what a command may look at is asked for when it takes effect.
"""

from __future__ import annotations

from collections.abc import Sequence

from tamesu.base import Declaration, Snapshot
from tamesu.engine.warming import Warming
from tamesu.ports import Store
from tamesu.train import WarmUp


class StoredPast:
    """The past of `bandit`, up to the last commit."""

    def __init__(self, bandit: str, store: Store, warming: Warming) -> None:
        self._bandit = bandit
        self._store, self._warming = store, warming

    def snapshot(self, version: int) -> Snapshot | None:
        """The snapshot with this version; none if it is not kept."""
        return self._store.snapshot(self._bandit, version)

    def versions(self) -> Sequence[int]:
        """The versions that are kept, rising."""
        return sorted(one.version for one in self._store.snapshots(self._bandit))

    def warm_up(self, declaration: Declaration) -> WarmUp:
        """What the policy of `declaration` makes of every observation archived so far."""
        return self._warming.made(declaration)
