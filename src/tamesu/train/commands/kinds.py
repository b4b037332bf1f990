"""`obey`: commands applied, each by its kind.

Refuses to raise for what a command asks: one that cannot be applied ends with a refusal as its effect,
so that it is answered and never tried again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from tamesu.base import Bug, Command, Effect, InvalidInput, Refusal, TamesuError, Time, Unavailable
from tamesu.train.commands import arms, declare, lifecycle
from tamesu.train.commands.past import Past
from tamesu.train.commands.standing import Moment, Standing


class CommandKind(NamedTuple):
    """What a sort of command means.

    Attributes:
        parse: the body out of what a person sent; raises `InvalidInput`.
        apply: standing, body, the moment and the bandit's past to the new standing, numbered as it was, and
            what there is to tell; raises `TamesuError` where it does not fit. The same standing
            means no change.
    """

    parse: Callable[[Any], dict[str, Any]]
    apply: Callable[
        [Standing, dict[str, Any], Moment, Past],
        tuple[Standing, dict[str, Any]],
    ]


KINDS: Mapping[str, CommandKind] = {
    "arms": CommandKind(arms.parse, arms.apply),
    "declare": CommandKind(declare.parse, declare.apply),
    "delete": CommandKind(lifecycle.parse_nothing, lifecycle.delete),
    "freeze": CommandKind(lifecycle.parse_nothing, lifecycle.freeze),
    "resume": CommandKind(lifecycle.parse_nothing, lifecycle.resume),
    "rollback": CommandKind(lifecycle.parse_rollback, lifecycle.rollback),
}
"""Every kind, by name."""


class Obeyed(NamedTuple):
    """What commands came to.

    Attributes:
        standing: the bandit after them; the same one where none changed anything.
        commands: each with its effect.
        declared: the bandit after each that declared it anew, for its declaration and number.
    """

    standing: Standing
    commands: list[Command]
    declared: list[Standing]


def obey(  # noqa: PLR0913 - a moment, and what it applies to
    commands: Sequence[Command],
    before: Standing,
    *,
    read: tuple[int, ...],
    now: Time,
    watermark: Time,
    past: Past,
) -> Obeyed:
    """The bandit after `commands`, and each with its effect; together they make one snapshot.

    Law: the same standing comes back where none of them changes anything.

    Args:
        commands: those of one bandit that wait, in their order.
        before: the bandit.
        read: offsets up to which the log was learnt from.
        now: the time.
        watermark: the log's time as far as it was learnt from, 0 before it had any.
        past: the bandit's, up to `read`.

    Raises:
        Unavailable: the past cannot be looked at now; that is no answer to a command.
    """
    at, standing = Moment(now, watermark, read), before
    ends: list[tuple[bool, dict[str, Any], Refusal | None]] = []
    declared: list[Standing] = []
    for command in commands:
        told: dict[str, Any] = {}
        refusal: Refusal | None = None
        number = standing.number
        try:
            standing, told = _kind(command.kind).apply(standing, command.body, at, past)
        except Unavailable:
            raise
        except TamesuError as error:
            refusal = Refusal(code=error.code, detail=error.message, hint=error.hint)
        except Exception as error:  # noqa: BLE001 - a command that meets our mistake must not stop others
            refusal = Refusal(code=Bug.code, detail=f"the trainer made a mistake: {error!r}"[:300])
        if standing.number != number:
            declared.append(standing)
        ends.append((standing is not before, told, refusal))
    after = before if standing is before else standing.numbered(before, at)
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
    return Obeyed(after, done, declared)


def _kind(name: str) -> CommandKind:
    kind = KINDS.get(name)
    if kind is None:
        raise InvalidInput(
            f"this trainer knows no commands of kind {name!r}",
            hint="upgrade the trainer to the servers' version",
        )
    return kind
