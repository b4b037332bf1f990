"""`Commands`: what people want done to a bandit, handed to the trainer and waited for.

A command is in the store before anybody waits, so whoever stops waiting loses nothing. Refuses to
apply any: the trainer alone writes snapshots.
"""

from __future__ import annotations

import asyncio
import time
from typing import Any

import structlog

from tamesu.base import HTTP_STATUS, Bug, Command, NotFound, Refusal, TamesuError, Unavailable
from tamesu.ports import Clock, Store
from tamesu.serve.core.catalogue import Catalogue
from tamesu.train import KINDS

PATIENCE_S = 2.0
"""How long a caller waits for the trainer; after that the answer is `pending`."""

LOOK_S = 0.015
"""The first rest between two looks; each is longer than the one before."""

MOST_LOOK_S = 0.1

_ERRORS = {kind.code: kind for kind in HTTP_STATUS}
_log = structlog.get_logger("tamesu.serve.commands")


class Commands:
    """The commands of a store, as servers write and read them.

    Args:
        patience_s: how long to wait for the trainer.
    """

    def __init__(
        self,
        *,
        store: Store,
        catalogue: Catalogue,
        clock: Clock,
        patience_s: float = PATIENCE_S,
    ) -> None:
        self._store = store
        self._catalogue = catalogue
        self._clock = clock
        self._patience_s = patience_s

    async def ask(self, bandit: str, kind: str, data: Any) -> dict[str, Any]:
        """What became of a command of `kind` to `bandit`.

        This server serves what was applied by then, unless it takes longer than patience to prepare.
        The answer's `status` is `applied`, or `pending` where the trainer did not take it in time:
        it will, and `find` shows it.

        Raises:
            NotFound: no bandit of that name.
            InvalidInput: the command cannot be; nothing was asked.
            Backpressure: too many wait for the trainer; nothing was asked.
            TamesuError: the trainer refused it, with its reason and the fact `command`.
        """
        end = time.monotonic() + self._patience_s
        await self._catalogue.look(bandit)
        command = await asyncio.to_thread(self._keep, bandit, kind, data)
        command = await self._await(command, end)
        effect = command.effect
        if effect is not None:
            if effect.refusal is not None:
                raise _error(effect.refusal, command.number)
            await self._serve(bandit, end)
        return described(command)

    async def find(self, number: int) -> dict[str, Any]:
        """What became of the command with this number, as of now.

        Raises:
            NotFound: there is none.
        """
        command = None
        if number < 1 << 63:  # more than any store counts to
            command = await asyncio.to_thread(self._store.command, number)
        if command is None:
            raise NotFound(
                f"no command has the number {number}",
                hint="the number is the field `command` of the answer to a change",
            )
        return described(command)

    def _keep(self, bandit: str, kind: str, data: Any) -> Command:
        body = KINDS[kind].parse(data)
        return self._store.ask(bandit, kind, body, self._clock.now())

    async def _serve(self, bandit: str, end: float) -> None:
        """Takes in what was applied, here and now; a very large roster may take longer than that."""
        try:
            async with asyncio.timeout(max(0.0, end - time.monotonic())):
                await self._catalogue.renew(bandit)
        except NotFound:
            pass  # that was the change
        except TimeoutError:
            _log.info("a change is prepared and served soon", bandit=bandit)
        except TamesuError as error:
            _log.warning("a change is served at the next poll", bandit=bandit, code=error.code)

    async def _await(self, command: Command, end: float) -> Command:
        """The command with its effect, or as it is at the moment `end`."""
        rest = LOOK_S
        while command.effect is None and time.monotonic() < end:
            await asyncio.sleep(rest)
            rest = min(rest * 1.5, MOST_LOOK_S)
            try:
                found = await asyncio.to_thread(self._store.command, command.number)
            except Unavailable:
                continue  # it is kept, and may be applied for all that we know
            command = found or command
        return command


def described(command: Command) -> dict[str, Any]:
    """A command as it is answered: `{command, bandit, kind, status, asked, ...}`."""
    said: dict[str, Any] = {
        "command": command.number,
        "bandit": command.bandit,
        "kind": command.kind,
        "status": "pending",
        "asked": command.asked.text(),
    }
    effect = command.effect
    if effect is not None:
        said |= {
            "status": "applied" if effect.refusal is None else "refused",
            "applied": effect.at.text(),
            "snapshot": effect.snapshot,
            "roster": effect.roster,
            "read": list(effect.read),
            **effect.told,
        }
        if effect.refusal is not None:
            said["error"] = effect.refusal
    return said


def _error(refusal: Refusal, number: int) -> TamesuError:
    kind = _ERRORS.get(refusal.code, Bug)
    return kind(refusal.detail, hint=refusal.hint, command=number)
