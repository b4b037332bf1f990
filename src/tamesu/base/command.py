"""`Command`: what somebody wants done to a bandit, and where it took effect.

Servers write commands, the trainer alone applies them: each in its next transaction, in the order
of their numbers, kept with the snapshot and the offsets at which it took effect, so that a replay can
apply it at the same place. Refuses to know what a kind means: `tamesu.train.commands` does.
"""

from __future__ import annotations

from typing import Any

import msgspec

from tamesu.base.times import Time

VERSION = 1


class Refusal(msgspec.Struct, frozen=True, kw_only=True):
    """Why a command was not applied, as an error says it."""

    code: str
    detail: str
    hint: str = ""


class Effect(msgspec.Struct, frozen=True, kw_only=True):
    """Where a command took effect, or was refused.

    Attributes:
        at: when the trainer took it.
        snapshot: the first version that was made with it; if it changed nothing, or was refused,
            the newest at that moment.
        roster: the roster of that snapshot.
        read: per partition the offset up to which the log had been learnt from before it: a replay
            applies it after everything that these entries made final and before all else.
        told: what the kind has to say of it.
        refusal: none where it was applied.
    """

    at: Time
    snapshot: int
    roster: int
    read: tuple[int, ...]
    told: dict[str, Any] = {}
    refusal: Refusal | None = None


class Command(msgspec.Struct, frozen=True, kw_only=True):
    """One command.

    Attributes:
        number: given by the store, rising from 1 over all bandits.
        bandit: to which bandit.
        kind: what sort of command.
        body: its details as plain data, as the kind spells them.
        asked: when it was asked for.
        effect: none while it waits for the trainer.
    """

    number: int
    bandit: str
    kind: str
    body: dict[str, Any]
    asked: Time
    effect: Effect | None = None
    v: int = VERSION
