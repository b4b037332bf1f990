"""`Arms`: a bandit's arms as people list, add, change, retire and revive them.

Every change is a command of the kind `arms`. Refuses to change a roster itself.
"""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec

from tamesu.base import Arm, InvalidInput, convert
from tamesu.serve.core.catalogue import Catalogue
from tamesu.serve.core.commands import Commands

KIND = "arms"


class ArmPut(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What may be said of one arm.

    Attributes:
        metadata: what its metadata becomes; none keeps what it has.
        features: what it tells of itself from now on; none keeps what it tells.
    """

    metadata: dict[str, Any] | None = None
    features: dict[str, Any] | None = None


class Arms:
    """The arms of the bandits of a catalogue."""

    def __init__(self, *, catalogue: Catalogue, commands: Commands) -> None:
        self._catalogue = catalogue
        self._commands = commands

    async def all(self, name: str) -> dict[str, Any]:
        """Every arm of a bandit, as the newest snapshot has them: the active ones first.

        Raises:
            NotFound: there is no bandit of that name.
            Unavailable: the store is down: an old list would be taken for the new one.
        """
        hot = await self._catalogue.renew(name)
        return await asyncio.to_thread(
            lambda: {
                "bandit": name,
                "snapshot": hot.version,
                "roster": hot.roster.number,
                "arms": [
                    *(_said(arm, "active") for arm in hot.roster.active),
                    *(_said(arm, "retired") for arm in hot.roster.retired),
                ],
            }
        )

    async def change(self, name: str, data: Any) -> dict[str, Any]:
        """Several arms at once, all or none: `{add?, retire?}` or `{sync, force?}`.

        Raises:
            NotFound: no such bandit, or no such arm to retire.
            Conflict: too few arms would be left, or a sync would retire more than half.
            InvalidInput, TamesuError: see `Commands.ask`.
        """
        return await self._commands.ask(name, KIND, data)

    async def put(self, name: str, arm: str, data: Any) -> dict[str, Any]:
        """One arm that is to be active: new, changed or revived.

        Raises:
            NotFound: no such bandit.
            InvalidInput, TamesuError: see `Commands.ask`.
        """
        body = convert(data, ArmPut, "the body", InvalidInput)
        wanted: dict[str, Any] = {"id": arm}
        if body.metadata is not None:
            wanted["metadata"] = body.metadata
        if body.features is not None:
            wanted["features"] = body.features
        return await self._commands.ask(name, KIND, {"add": [wanted]})

    async def retire(self, name: str, arm: str) -> dict[str, Any]:
        """One arm that is to be active no more; its state waits for its return.

        Raises:
            NotFound: no such bandit, or it never had such an arm.
            Conflict: too few arms would be left.
            InvalidInput, TamesuError: see `Commands.ask`.
        """
        return await self._commands.ask(name, KIND, {"retire": [arm]})


def _said(arm: Arm, status: str) -> dict[str, Any]:
    return {"arm": arm.id, "status": status, "metadata": arm.metadata, "features": arm.features}
