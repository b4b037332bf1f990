"""What was learnt, into a folder and out of it. Refuses to learn."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tamesu.base import Conflict, InvalidInput

if TYPE_CHECKING:
    from tamesu.base import Declaration
    from tamesu.evaluate import Shares
    from tamesu.policy.towers import TwoTower


def write_learnt(folder: Path, towers: TwoTower) -> str:
    """Writes both towers into a folder that is not there yet; gives the digest of what it holds.

    Raises:
        Conflict: there is something of that name.
    """
    from tamesu.adapters.artefact.folder import write_towers

    return write_towers(folder, towers)


def read_learnt(folder: Path) -> TwoTower:
    """What a folder holds.

    Raises:
        NotFound, Corrupt: it holds none, or was changed.
    """
    from tamesu.adapters.artefact.folder import read_towers

    return read_towers(folder)


def learnt_target(folder: Path, declared: Declaration | None = None) -> Shares:
    """What a folder's towers would do in rounds: of a bandit as `declared`, where there is one.

    Raises:
        NotFound, Corrupt: it holds none, or was changed.
        InvalidInput: they learnt from other features.
    """
    from tamesu.base.feature import plain_schema
    from tamesu.learn import target_of

    towers = read_learnt(folder)
    if declared is not None:
        pairs = {"context": (towers.context, declared.context)}
        if towers.item is not None:
            pairs["arm_features"] = towers.arm_features, declared.arm_features
        for name, (learnt, told) in pairs.items():
            if list(plain_schema(learnt).items()) != list(plain_schema(told).items()):
                raise InvalidInput(
                    f"{name} of {declared.name} must be what {folder.name} learnt from, in that order: "
                    f"{', '.join(learnt)[:200]}",
                    hint="learn from this bandit's own log",
                )
    return target_of(towers)


def refuse_taken(folder: Path) -> None:
    """Raises where `folder` is there: better before hours of learning than after.

    Raises:
        Conflict: as said.
    """
    if folder.exists():
        raise Conflict(
            f"what is learnt is written into a folder that is not there yet, {folder.name!r} is",
            hint="name another one: what was learnt is never changed",
        )
