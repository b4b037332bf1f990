"""What was learnt, into a folder and out of it. Refuses to learn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from tamesu.base import Conflict, InvalidInput
from tamesu.base.errors import listing

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from tamesu.base import Declaration
    from tamesu.evaluate import Rounds, Shares
    from tamesu.policy.towers import TwoTower


COLUMNS = "columns"
"""What an artefact tells of how it learnt: what the columns of contexts were called, where its log said it."""


def write_learnt(folder: Path, towers: TwoTower, columns: Sequence[str] = ()) -> str:
    """Writes both towers into a folder that is not there yet; gives the digest of what it holds.

    Args:
        folder: where.
        towers: both.
        columns: what those of contexts are called, where the log says it.

    Raises:
        Conflict: there is something of that name.
    """
    from tamesu.adapters.artefact.folder import write_towers

    told = {COLUMNS: list(columns)} if columns else {}
    return write_towers(folder, replace(towers, learnt=towers.learnt | told))


def read_learnt(folder: Path) -> TwoTower:
    """What a folder holds.

    Raises:
        NotFound, Corrupt: it holds none, or was changed.
    """
    from tamesu.adapters.artefact.folder import read_towers

    return read_towers(folder)


def learnt_target(
    folder: Path, declared: Declaration | None = None, *, columns: Sequence[str] = ()
) -> Shares:
    """What a folder's towers would do in rounds: of a bandit as `declared`, where there is one.

    Two logs may have different words, and so different columns: where both say what theirs are called, those that
    were learnt from are found by name. A word that the log has not is 0 in all rounds, one that was not learnt is not looked at.

    Args:
        folder: what was learnt.
        declared: the bandit's newest declaration.
        columns: what those of the rounds' contexts are called, where a log and no schema says it.

    Raises:
        NotFound, Corrupt: it holds none, or was changed.
        InvalidInput: they learnt from other features.
    """
    import numpy as np

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
    target, known = target_of(towers), towers.learnt.get(COLUMNS)
    if not columns or not isinstance(known, list):
        return target
    place = {name: number for number, name in enumerate(columns)}
    missing = [name for name in known if name not in place and "=" not in name]
    if missing or not place.keys() & set(known):
        raise InvalidInput(
            f"the log must have the columns that {folder.name} learnt from, got none called "
            f"{listing(missing or known)}",
            hint="what was learnt from a bandit is judged by its own archive, or an export that has names (.npz)",
        )
    both = [(to, place[name]) for to, name in enumerate(known) if name in place]
    there, here = (list(one) for one in zip(*both, strict=True))

    def in_order(rounds: Rounds) -> NDArray[np.float64]:
        context = np.zeros((len(rounds), len(known)))
        context[:, there] = rounds.context[:, here]
        return target(replace(rounds, context=context))

    return in_order


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
