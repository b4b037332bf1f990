"""`Versions`: the snapshots of a bandit that are kept, as people list, read and pin them.

Refuses to change a snapshot, and to thin any: the trainer does.
"""

from __future__ import annotations

import asyncio
from typing import Any

from tamesu.base import InvalidInput, NotFound, Snapshot
from tamesu.ports import Clock, Declared, Store, roster_of
from tamesu.serve.core.catalogue import Catalogue
from tamesu.serve.core.hot import Hot, heat
from tamesu.train import Why, keeping

MOST = 1_000
"""Most snapshots of one list."""

DEFAULT = 100
"""How many are listed where nobody says."""


class Versions:
    """The snapshots of the bandits of a catalogue."""

    def __init__(self, *, store: Store, catalogue: Catalogue, clock: Clock) -> None:
        self._store = store
        self._catalogue = catalogue
        self._clock = clock

    async def all(
        self, name: str, *, limit: int = DEFAULT, before: int | None = None
    ) -> dict[str, Any]:
        """The kept snapshots of a bandit, the newest first.

        `served` is the version by which this server decides, 0 the prior. Each snapshot is told with
        `kept`, why it stays, which is none for those that may be thinned at any time. `more` says
        whether there are older ones than the last of them.

        Args:
            name: of the bandit.
            limit: how many to list, 1 to `MOST`.
            before: only versions below it.

        Raises:
            NotFound: there is no such bandit.
            InvalidInput: a limit that cannot be.
            Unavailable: the store is down.
        """
        if not 1 <= limit <= MOST:
            raise InvalidInput(f"limit must lie in 1..{MOST}, got {limit}", field="limit")
        hot = await self._catalogue.look(name)
        listed, more = await asyncio.to_thread(self._all, name, limit, before)
        return {"bandit": name, "served": hot.version, "snapshots": listed, "more": more}

    async def one(self, name: str, version: int) -> dict[str, Any]:
        """A kept snapshot, and what it believes of each arm that was active then.

        Raises:
            NotFound: there is no such bandit, or the version is not kept.
            Unavailable: the store is down.
        """
        hot = await self._catalogue.look(name)
        return await asyncio.to_thread(self._one, hot, version)

    async def pin(self, name: str, version: int, *, pinned: bool) -> dict[str, Any]:
        """A snapshot that stays for ever, or as long as the others do; a second time changes nothing.

        Raises:
            NotFound: there is no such bandit, or the version is not kept.
            Unavailable: the store is down.
        """
        await self._catalogue.look(name)
        return await asyncio.to_thread(self._pin, name, version, pinned=pinned)

    def _all(self, name: str, limit: int, before: int | None) -> tuple[list[dict[str, Any]], bool]:
        kept, pinned = self._kept(name)
        reasons = keeping(kept, pinned, self._clock.now())
        older = [one for one in reversed(kept) if before is None or one.version < before]
        listed = [
            described(one, pinned=one.version in pinned, why=reasons.get(one.version))
            for one in older[:limit]
        ]
        return listed, len(older) > limit

    def _one(self, hot: Hot, version: int) -> dict[str, Any]:
        name = hot.declared.declaration.name
        told = self._told(name, version)
        snapshot = self._store.snapshot(name, version)
        if snapshot is None:
            raise self._not_kept(name, version)
        declared: Declared | None = hot.declared
        if snapshot.declaration != hot.declared.number:
            declared = self._store.declared(name, snapshot.declaration)
        if declared is None:
            raise self._not_kept(name, version)
        then = heat(declared, snapshot, roster_of(self._store, declared, snapshot))
        summary = then.policy.summary(
            then.state, then.roster.ids, then.time, features=then.features
        )
        return {"bandit": name, **told, "readable": not then.broken, "arms": summary}

    def _pin(self, name: str, version: int, *, pinned: bool) -> dict[str, Any]:
        self._told(name, version)  # first: a number may be larger than any store's
        self._store.pin(name, version, pinned=pinned)
        return {"bandit": name, **self._told(name, version)}

    def _told(self, name: str, version: int) -> dict[str, Any]:
        kept, pinned = self._kept(name)
        reasons = keeping(kept, pinned, self._clock.now())
        for one in kept:
            if one.version == version:
                return described(one, pinned=version in pinned, why=reasons.get(version))
        raise self._not_kept(name, version)

    def _kept(self, name: str) -> tuple[list[Snapshot], frozenset[int]]:
        return list(self._store.snapshots(name)), self._store.pinned(name)

    def _not_kept(self, name: str, version: int) -> NotFound:
        kept = [one.version for one in self._store.snapshots(name)]
        near = sorted(sorted(kept, key=lambda one: abs(one - version))[:6])
        return NotFound(
            f"no snapshot {version} of bandit {name!r} is kept (near it: "
            f"{', '.join(map(str, near)) or 'none'})",
            hint=f"tamesu bandit snapshots {name}  lists them; one that is pinned stays",
            bandit=name,
            version=version,
        )


def described(snapshot: Snapshot, *, pinned: bool, why: Why | None) -> dict[str, Any]:
    """A snapshot as it is answered."""
    return {
        "version": snapshot.version,
        "declaration": snapshot.declaration,
        "status": snapshot.status.value,
        "created": snapshot.created.text(),
        "watermark": snapshot.watermark.text(),
        "observations": snapshot.observations,
        "roster": snapshot.roster,
        "pinned": pinned,
        "kept": None if why is None else why.value,
    }
