"""Reward models along a log: what is said of a round was learnt from earlier rounds alone.

A confidence sequence bets that what comes is worth what is said, and a model that had learnt from later rounds would
know the outcome. Refuses to be a model: what fits one is an argument.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from tamesu.base import ShapeMismatch
from tamesu.evaluate.contrast import Shares
from tamesu.evaluate.intervals.bounds import Bounds
from tamesu.evaluate.intervals.sequence import steps_of
from tamesu.evaluate.reward_model import RewardModel
from tamesu.evaluate.rounds import Rounds

Floats: TypeAlias = NDArray[np.float64]

FIRST = 100
"""So many decisions are needed to learn anything; the middle of the bounds is said of them."""


def along(rounds: Rounds, model: RewardModel, bounds: Bounds) -> Shares:
    """Gives expected rewards (m, K) of some of these rounds, by a model of those before them, cut to `bounds`.

    It is learnt anew when a log is twice as long as when it was learnt last: of all that came before a round it knows
    half at least, and all learning together costs about as much as learning once from everything.

    Args:
        rounds: in the order of the log.
        model: learns from rounds.
        bounds: of rewards.

    Raises:
        InvalidInput: rounds that do not stand in the order of the log.
    """
    step = steps_of(rounds)
    n = len(rounds)
    ends = [
        int(np.searchsorted(step, at)) for at in _doubling(FIRST, int(step[-1]) + 1 if n else 0)
    ]
    fitted = [model(rounds.take(slice(0, end))) for end in ends]
    # (rows that were before `take`,) how many models a round may be asked of.
    block = np.zeros(int(rounds.row.max(initial=-1)) + 1, np.intp)
    block[rounds.row] = np.searchsorted(ends, np.arange(n), side="right")

    def asked(part: Rounds) -> Floats:
        guess = np.full((len(part), len(part.arms)), 0.5 * (bounds.low + bounds.high))
        mine = block[part.row]
        for number, one in enumerate(fitted, 1):
            here = np.flatnonzero(mine == number)
            if len(here):
                said = np.asarray(one(part.take(here)), np.float64)
                if said.shape != (len(here), len(part.arms)):
                    raise ShapeMismatch(
                        f"a model must say ({len(here)}, {len(part.arms)}) rewards, got {said.shape}"
                    )
                guess[here] = np.clip(said, bounds.low, bounds.high)
        return guess

    return asked


def _doubling(first: int, last: int) -> list[int]:
    """Numbers from `first` on that double, below `last`."""
    return [first << times for times in range(64) if first << times < last]
