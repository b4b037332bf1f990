"""What the target policy was worth, seen from below and from above: columns whose mean it is, and how low they get.

Refuses to bound anything.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from tamesu.base import InvalidInput
from tamesu.evaluate.contrast import ROUNDING, Contrast
from tamesu.evaluate.intervals.bounds import Bounds

Floats: TypeAlias = NDArray[np.float64]
Codes: TypeAlias = NDArray[np.intp]


class Side(NamedTuple):
    """From one side: rewards, what is expected of the logged arm and of the target policy, all (n,) in [0, 1]."""

    reward: Floats
    guess: Floats
    expected: Floats
    weight: Floats

    def mirrored(self) -> Side:
        """From the other one."""
        return Side(1.0 - self.reward, 1.0 - self.guess, 1.0 - self.expected, self.weight)

    def worths(self, most_weight: float | None) -> Iterator[tuple[Floats, float]]:
        """Columns (n,) of one mean, the target's value given the past; each with how far below 0 it may get.

        w r >= 0, and where no weight is above W, v + w (r - q) >= -W. Where the logging policy could not choose
        what the target does, the mean of the first is less than the value: it bounds it from below all the same.
        """
        yield self.weight * self.reward, 0.0
        if most_weight is not None:
            yield self.expected + self.weight * (self.reward - self.guess), most_weight


def side_of(contrast: Contrast, bounds: Bounds, step: Codes) -> Side:
    """From below. What is expected without a model is the weighted mean of earlier steps.

    Args:
        contrast: of n rounds.
        bounds: bring rewards to [0, 1].
        step: (n,) from 0, of each round: those of one are known together.

    Raises:
        InvalidInput: no rounds; rewards, guesses or weights beyond the bounds.
    """
    _refuse_beyond(contrast, bounds)

    def scaled(column: Floats) -> Floats:
        return np.clip((column - bounds.low) / (bounds.high - bounds.low), 0.0, 1.0)

    reward, weight = scaled(contrast.reward), contrast.weight
    if contrast.guess.any() or contrast.expected.any():
        return Side(reward, scaled(contrast.guess), scaled(contrast.expected), weight)
    level = _so_far(weight * reward, weight, step)
    return Side(reward, level, level, weight)


def before(column: NDArray[Any]) -> Floats:
    """(n,) the sum of what stands before each."""
    whole: Floats = np.cumsum(np.concatenate([np.zeros(1), column]))
    return whole[:-1]


def _so_far(top: Floats, bottom: Floats, step: Codes) -> Floats:
    """(n,) the weighted mean of all steps before that of each, from one half."""
    over, under = before(np.bincount(step, top)), before(np.bincount(step, bottom))
    mean: Floats = np.clip((0.5 + over) / (1.0 + under), 0.0, 1.0)
    return mean[step]


def _refuse_beyond(contrast: Contrast, bounds: Bounds) -> None:
    if not len(contrast):
        raise InvalidInput("an interval must have a round at least, got none")
    guessed = [
        ("what a model says", column)
        for column in (contrast.guess, contrast.expected)
        if column.any()
    ]
    # A target's probabilities may add up to a little more than 1, and so may what they are multiplied with.
    may = ROUNDING * (bounds.high - bounds.low)
    for name, column in [("rewards", contrast.reward), *guessed]:
        wrong = (column < bounds.low - may) | (column > bounds.high + may)
        if wrong.any():
            raise InvalidInput(
                f"{name} must lie in [{bounds.low:g}, {bounds.high:g}], got {column[wrong][0]:g} "
                f"({int(wrong.sum()):,} of {len(column):,} rounds)",
                hint="give the bounds that rewards have, or clip what is outside",
            )
    most, largest = bounds.most_weight, contrast.weight.max()
    if most is not None and largest > most * (1.0 + ROUNDING):
        raise InvalidInput(
            f"weights must not be above {most:g}, got {largest:g}",
            hint="the largest weight follows from the smallest propensity that the logging policy gives",
        )
