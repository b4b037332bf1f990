"""`obey`: commands applied, each by its kind.

Refuses to raise for what a command asks: one that cannot be applied ends with a refusal as its effect,
so that it is answered and never tried again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from tamesu.base import Bug, Command, Effect, InvalidInput, Refusal, TamesuError, Time
from tamesu.train.commands import arms
from tamesu.train.commands.standing import Standing


class CommandKind(NamedTuple):
    """What a sort of command means.

    Attributes:
        parse: the body out of what a person sent; raises `InvalidInput`.
        apply: standing, body and now to the new standing, numbered as it was, and what there is to
            tell; raises `TamesuError` where it does not fit. The same standing means no change.
    """

    parse: Callable[[Any], dict[str, Any]]
    apply: Callable[[Standing, dict[str, Any], Time], tuple[Standing, dict[str, Any]]]


KINDS: Mapping[str, CommandKind] = {"arms": CommandKind(arms.parse, arms.apply)}
"""Every kind, by name."""


def obey(
    commands: Sequence[Command],
    before: Standing,
    read: tuple[int, ...],
    now: Time,
    watermark: Time,
) -> tuple[Standing, list[Command]]:
    """The bandit after `commands`, and each with its effect; together they make one snapshot.

    Law: the same standing comes back where none of them changes anything.

    Args:
        commands: those of one bandit that wait, in their order.
        before: the bandit.
        read: offsets up to which the log was learnt from.
        now: the time.
        watermark: the log's time, for a bandit that has no snapshot yet.
    """
    standing = before
    ends: list[tuple[bool, dict[str, Any], Refusal | None]] = []
    for command in commands:
        told: dict[str, Any] = {}
        refusal: Refusal | None = None
        try:
            standing, told = _kind(command.kind).apply(standing, command.body, now)
        except TamesuError as error:
            refusal = Refusal(code=error.code, detail=error.message, hint=error.hint)
        except Exception as error:  # noqa: BLE001 - a command that meets our mistake must not stop others
            refusal = Refusal(code=Bug.code, detail=f"the trainer made a mistake: {error!r}"[:300])
        ends.append((standing is not before, told, refusal))
    after = before if standing is before else standing.numbered(before, now, watermark)
    done: list[Command] = []
    for command, (changed, told, refusal) in zip(commands, ends, strict=True):
        snapshot = (after if changed else before).learnt.snapshot
        effect = Effect(
            at=now,
            snapshot=snapshot.version,
            roster=snapshot.roster,
            read=read,
            told=told,
            refusal=refusal,
        )
        done.append(msgspec.structs.replace(command, effect=effect))
    return after, done


def _kind(name: str) -> CommandKind:
    kind = KINDS.get(name)
    if kind is None:
        raise InvalidInput(
            f"this trainer knows no commands of kind {name!r}",
            hint="upgrade the trainer to the servers' version",
        )
    return kind
