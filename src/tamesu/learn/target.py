"""A two-tower policy as a target that can be judged. Refuses arms of which it knows nothing."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tamesu.base import InvalidInput, ShapeMismatch
from tamesu.evaluate import Rounds, Shares
from tamesu.policy.towers import Singles, TwoTower


def target_of(towers: TwoTower) -> Shares:
    """What both towers would have done in rounds, among eligible arms.

    Arms that were there when the towers learnt are where they put them, others where the item tower puts what they tell
    of themselves. Columns beyond those that a tower reads are left alone: they are interactions.

    Raises, when it is asked:
        InvalidInput: an arm that was not there, and tells nothing.
        ShapeMismatch: fewer columns than a tower reads.
    """
    placed: dict[tuple[str, ...], Singles] = {}

    def shares(rounds: Rounds) -> NDArray[np.float64]:
        if rounds.arms not in placed:
            placed.clear()
            placed[rounds.arms] = _embeddings(towers, rounds)
        width = towers.query.width
        _refuse_narrow("a context", rounds.context.shape[1], width)
        return towers.shares(rounds.context[:, :width], placed[rounds.arms], rounds.eligible)

    return shares


def _embeddings(towers: TwoTower, rounds: Rounds) -> Singles:
    """(K, dim) of the rounds' arms."""
    rows = {arm: row for row, arm in enumerate(towers.arms)}
    known = np.array([rows.get(arm, -1) for arm in rounds.arms])
    new = known < 0
    found: Singles = towers.embeddings[known]
    if not new.any():
        return found
    if towers.item is None:
        raise InvalidInput(
            f"arms must be among those that were learnt, got {rounds.arms[int(new.argmax())]!r}",
            hint="towers over features of arms know new ones, too",
        )
    width = towers.item.width
    _refuse_narrow("an arm", rounds.features.shape[1], width)
    found[new] = towers.item.of(rounds.features[new][:, :width])
    return found


def _refuse_narrow(what: str, got: int, width: int) -> None:
    if got < width:
        raise ShapeMismatch(f"{what} must have the {width} columns that were learnt, got {got}")
