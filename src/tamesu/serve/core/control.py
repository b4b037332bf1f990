"""`Control`: bandits created, read and listed, and where their records are.

Everything here reads or writes the store, off the event loop. Refuses to change what is being decided
other than through the store.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

from tamesu.base import Declaration, NotFound
from tamesu.join import Table, table
from tamesu.policy import compose
from tamesu.ports import Clock, IdSource, Progress, Store
from tamesu.serve.core.catalogue import Catalogue
from tamesu.serve.core.hot import Hot
from tamesu.serve.core.newest import next_number


class Control:
    """The bandits of a store, as people ask for them."""

    def __init__(
        self,
        *,
        store: Store,
        catalogue: Catalogue,
        clock: Clock,
        ids: IdSource,
    ) -> None:
        self._store = store
        self._catalogue = catalogue
        self._clock = clock
        self._ids = ids

    async def create(self, data: Any) -> dict[str, Any]:
        """A new bandit, ready to decide, from a declaration as plain data.

        Raises:
            InvalidDeclaration: it cannot be.
            Conflict: the name is taken.
            Unavailable: the store is down; nothing was created.
        """
        return await asyncio.to_thread(self._create, data)

    async def bandits(self) -> list[dict[str, Any]]:
        """Every bandit in short, by name; those that were deleted are none.

        Raises:
            Unavailable: the store is down.
        """
        shorts = []
        for name in sorted(await asyncio.to_thread(self._store.declarations)):
            with contextlib.suppress(NotFound):
                shorts.append(_short(await self._catalogue.look(name)))
        return shorts

    async def bandit(self, name: str) -> dict[str, Any]:
        """A bandit with its whole declaration, as the store has it now.

        Raises:
            NotFound: there is none of that name.
            Unavailable: the store is down: an old one would be taken for the new one.
        """
        return await asyncio.to_thread(_whole, await self._catalogue.renew(name))

    async def conservation(self, name: str) -> Table:
        """Where all records of a bandit are, as of the last commit of its trainer.

        Raises:
            NotFound: there is none of that name.
            Unavailable: the store is down.
        """
        await self._catalogue.look(name)
        progress = await self.progress()
        return table(progress.counts.get(name, {}))

    async def progress(self) -> Progress:
        """How far the trainer has come, as of its last commit.

        Raises:
            Unavailable: the store is down.
        """
        return await asyncio.to_thread(self._store.progress)

    def _create(self, data: Any) -> dict[str, Any]:
        declaration = Declaration.parse(data)
        compose(declaration).check()
        number = next_number(self._store, declaration.name)
        seeded = declaration.with_seed(self._ids.seed())
        declared = self._store.declare(seeded, self._clock.now(), number)
        return _whole(self._catalogue.admit(declared))


def _whole(hot: Hot) -> dict[str, Any]:
    return {**_short(hot), "declaration": hot.declared.declaration.plain()}


def _short(hot: Hot) -> dict[str, Any]:
    declaration = hot.declared.declaration
    return {
        "name": declaration.name,
        "number": hot.declared.number,
        "status": hot.status.value,
        "snapshot": hot.version,
        "created": hot.declared.created.text(),
        "description": declaration.description,
        "layout": declaration.layout.kind,
        "arms": len(hot.roster.active),
    }
