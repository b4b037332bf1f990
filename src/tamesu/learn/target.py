"""A two-tower policy as a target that can be judged. Refuses rounds that tell less than it reads."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tamesu.base import ShapeMismatch
from tamesu.evaluate import Rounds, Shares
from tamesu.policy.towers import Singles, TwoTower


def target_of(towers: TwoTower) -> Shares:
    """What both towers would have done in rounds, among eligible arms.

    Arms are where they are served: see `TwoTower.placed`. Columns beyond those that a tower reads are left alone: they
    are interactions.

    Raises, when it is asked:
        ShapeMismatch: fewer columns than a tower reads.
    """
    placed: dict[tuple[str, ...], Singles] = {}

    def shares(rounds: Rounds) -> NDArray[np.float64]:
        if rounds.arms not in placed:
            placed.clear()
            placed[rounds.arms] = _placed(towers, rounds)
        width = towers.query.width
        _refuse_narrow("a context", rounds.context.shape[1], width)
        return towers.shares(rounds.context[:, :width], placed[rounds.arms], rounds.eligible)

    return shares


def _placed(towers: TwoTower, rounds: Rounds) -> Singles:
    """(K, dim) of the rounds' arms."""
    if towers.item is not None and not {*rounds.arms} <= {*towers.arms}:
        _refuse_narrow("an arm", rounds.features.shape[1], towers.item.width)
    return towers.placed(rounds.arms, rounds.features)


def _refuse_narrow(what: str, got: int, width: int) -> None:
    if got < width:
        raise ShapeMismatch(f"{what} must have the {width} columns that were learnt, got {got}")
