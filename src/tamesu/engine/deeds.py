"""Deeds: what a trainer did to its bandits besides learning what the join gave, and where in the log.

Commands, corrections of what came too late, and looks back at a snapshot that something was rolled back
to. Refuses a deed of which it is not known any more where it was done.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum

from tamesu.base import Command, Correction, Corrupt, Time
from tamesu.engine.view import View
from tamesu.ports import Store

Place = tuple[int, ...]
"""Per partition of the log the offset before which everything was learnt."""


class Sort(IntEnum):
    """What a deed is, in the order in which those of one version come."""

    COMMANDS = 0
    CORRECTION = 1
    TARGET = 2


@dataclass(frozen=True)
class Deed:
    """One thing done.

    Attributes:
        version: of the bandit's newest snapshot once it was done.
        sort: what it is.
        commands: those of one commit; none for other sorts.
        correction: taken then; none for other sorts.
    """

    bandit: str
    version: int
    sort: Sort
    commands: tuple[Command, ...] = ()
    correction: Correction | None = None


def deeds(store: Store, then: View) -> Mapping[Place, list[Deed]]:
    """Everything done by the moment of `then`, by place, each in the order in which it was done.

    Raises:
        Corrupt: where a target of a rollback stood is not known any more.
    """
    found: dict[Place, list[Deed]] = defaultdict(list)
    together: dict[tuple[Place, str, int, Time], list[Command]] = defaultdict(list)
    targets: set[tuple[str, int]] = set()
    for command in then.commands:
        effect = command.effect
        if effect is None:
            continue
        together[effect.read, command.bandit, effect.snapshot, effect.at].append(command)
        target = (command.bandit, int(command.body.get("version", 0)))
        if command.kind == "rollback" and target[1] and target not in targets:
            targets.add(target)
            found[_place_of(store, command, target[1])].append(Deed(*target, Sort.TARGET))
    for (place, bandit, version, _), commands in together.items():
        found[place].append(Deed(bandit, version, Sort.COMMANDS, commands=tuple(commands)))
    for correction in then.corrections:
        if correction.read is not None:
            deed = Deed(
                correction.bandit, correction.snapshot, Sort.CORRECTION, correction=correction
            )
            found[correction.read].append(deed)
    for done in found.values():
        done.sort(key=lambda deed: (deed.version, deed.sort))
    return found


def _place_of(store: Store, rollback: Command, version: int) -> Place:
    told = rollback.effect.told if rollback.effect is not None else {}
    if told.get("version_read"):
        return tuple(told["version_read"])
    kept = store.snapshot(rollback.bandit, version)
    if kept is None or not kept.read:
        raise Corrupt(
            f"{rollback.bandit!r} was rolled back to snapshot {version}, of which it is not known any "
            "more how far the log had been learnt from",
            hint="an older version of Tamesu made it; what was learnt since cannot be learnt again: name "
            "another bandit, one at a time",
            bandit=rollback.bandit,
            version=version,
        )
    return kept.read
