"""`Stored`: a bandit in a store, as a target of a sync on the machine where it lies.

Refuses to apply a command: it asks for one, and waits for the trainer as servers do.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tamesu.base import HTTP_STATUS, Bug, Command, NotFound, Status, TamesuError
from tamesu.ports import Clock, Store, roster_of
from tamesu.sync.difference import Standing
from tamesu.train import KINDS

KIND = "arms"
LOOK_US = 100_000
PATIENCE_US = 120_000_000
"""How long to wait for the trainer; a command that still waits then is taken once it runs."""

_ERRORS = {kind.code: kind for kind in HTTP_STATUS}


class Stored:
    """One bandit of a store."""

    def __init__(self, store: Store, clock: Clock, name: str) -> None:
        self._store, self._clock = store, clock
        self.name = name

    def standing(self) -> Standing:
        """Its arms, as the newest snapshot has them; see `Target.standing`."""
        declared = self._store.declarations()
        snapshot = self._store.snapshot(self.name)
        deleted = snapshot is not None and snapshot.status is Status.DELETED
        if self.name not in declared or deleted:
            raise NotFound.bandit(self.name, declared)
        roster = roster_of(self._store, declared[self.name], snapshot)
        return Standing(
            roster=roster.number,
            active={arm.id: arm.metadata for arm in roster.active},
            retired=frozenset(arm.id for arm in roster.retired),
            features=roster.features,
            schema=declared[self.name].declaration.arm_features,
        )

    def change(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """What a change of its arms came to; see `Target.change`."""
        now = self._clock.now()
        wanted = KINDS[KIND].parse(dict(body))
        command: Command | None = self._store.ask(self.name, KIND, wanted, now)
        if command is None:
            raise Bug("a store kept a command and gave none")
        number = command.number
        while command is None or command.effect is None:
            if self._clock.now() - now > PATIENCE_US:
                return {"command": number, "status": "pending"}
            self._clock.sleep(LOOK_US)
            command = self._store.command(number)
        effect = command.effect
        if effect.refusal is not None:
            error: type[TamesuError] = _ERRORS.get(effect.refusal.code, Bug)
            raise error(effect.refusal.detail, hint=effect.refusal.hint, command=number)
        return {
            "command": number,
            "status": "applied",
            "snapshot": effect.snapshot,
            "roster": effect.roster,
            **effect.told,
        }
