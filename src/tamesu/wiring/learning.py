"""What was learnt, into a folder and out of it. Refuses to learn."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tamesu.base import Conflict

if TYPE_CHECKING:
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
