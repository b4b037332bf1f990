"""`Lifecycle`: a bandit declared anew, frozen, resumed, rolled back or deleted, as people ask for it.

Each is a command that the trainer applies. Refuses to change a bandit itself, and to let a change of
a declaration go out that was made for another than the newest.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping
from typing import Any

from tamesu.base import InvalidInput, NumberMissing, Outdated, Status, TamesuError
from tamesu.serve.core.catalogue import Catalogue
from tamesu.serve.core.commands import Commands


class Lifecycle:
    """What may become of the bandits of a catalogue.

    An answer's `status` is the bandit's own once the trainer has taken the command: `learning`,
    `frozen`, `rolled_back` or `deleted`. Until then it is `pending`, as `Commands.ask` says.
    """

    def __init__(self, *, catalogue: Catalogue, commands: Commands) -> None:
        self._catalogue = catalogue
        self._commands = commands

    async def update(
        self, name: str, data: Any, number: int | None, *, warm: bool = False
    ) -> dict[str, Any]:
        """A bandit under its next declaration; the same where nothing is different.

        The name and the seed may be left out: they stay.

        Args:
            name: of the bandit.
            data: the whole declaration, as plain data.
            number: of the declaration that the change was made for.
            warm: where the state cannot stay, begin from what was archived, not from the prior.

        Raises:
            NumberMissing: no number.
            Outdated: it is not the newest one's.
            NotFound, Conflict: there is no such bandit; it is frozen or rolled back.
            InvalidDeclaration, TamesuError: see `Commands.ask`.
        """
        hot = await self._catalogue.renew(name)
        newest = hot.declared.number
        if number is None:
            raise NumberMissing(
                f"a change of bandit {name!r} must say for which declaration it is made",
                hint=f'it has number {newest} now: if you know that one, send  If-Match: "{newest}"',
                newest=newest,
            )
        if number != newest:
            raise Outdated.declaration(name, number, newest)
        declaration = _named(data, name)
        body = {"declaration": declaration, "number": number, "warm": warm}
        try:
            said = await self._ask(name, "declare", body)
        except Outdated as error:  # somebody else's came first, after we looked
            with contextlib.suppress(TamesuError):
                error.facts["newest"] = (await self._catalogue.renew(name)).declared.number
            raise
        if said["status"] == "pending":
            return said
        served = self._catalogue.find(name)
        if served is None or served.declared.number != said["number"]:
            return said  # the next one came already; this one was applied for all that
        plain = await asyncio.to_thread(served.declared.declaration.plain)
        return {**said, "declaration": plain}

    async def freeze(self, name: str, data: Any = None) -> dict[str, Any]:
        """A bandit that goes on deciding by what it has learnt so far, and learns aside.

        Raises:
            NotFound, TamesuError: see `Commands.ask`.
        """
        return await self._ask(name, "freeze", data)

    async def resume(self, name: str, data: Any = None) -> dict[str, Any]:
        """A bandit that learns again, and with what it learnt aside.

        Raises:
            Conflict: it learns already.
            NotFound, TamesuError: see `Commands.ask`.
        """
        return await self._ask(name, "resume", data)

    async def rollback(self, name: str, data: Any) -> dict[str, Any]:
        """A bandit that decides by what an older version had learnt: `{version}`; 0 is the prior.

        Raises:
            NotFound: no such bandit, or the version is not kept.
            Conflict: what it had learnt does not fit the declaration of now.
            InvalidInput, TamesuError: see `Commands.ask`.
        """
        return await self._ask(name, "rollback", data)

    async def delete(self, name: str) -> dict[str, Any]:
        """A bandit that decides no more; its name may be used again.

        Raises:
            NotFound, TamesuError: see `Commands.ask`.
        """
        return await self._ask(name, "delete", None)

    async def _ask(self, name: str, kind: str, data: Any) -> dict[str, Any]:
        said = await self._commands.ask(name, kind, data)
        if said["status"] == "pending":
            return said
        status = said.pop("bandit_status", Status.LEARNING.value)
        return {**said, "status": status}


def _named(data: Any, name: str) -> Any:
    """A declaration with the name that it is sent to."""
    if not isinstance(data, Mapping):
        return data  # for the parser to refuse in its own words
    if data.get("name", name) != name:
        raise InvalidInput(
            f"the declaration must be of bandit {name!r}, got one of {str(data['name'])[:80]!r}",
            hint="a bandit keeps its name; create another one",
            field="name",
        )
    return {**data, "name": name}
