"""Delayed rewards: how much of what a delivery will earn has come, by its age.

The model of Chapelle 2014: a delivery converts with a chance that its features tell, and what converts
does so after a delay that is exponential with a known mean m. At age e a share u = exp(-e / m) of the
conversions is still open, so the expected reward until now is the chance times 1 - u. Summed up with weights u,
rows are sums that halve with every half-life, m ln 2: those are kept beside the plain ones. So at any moment
plain sums minus open ones are what can have been seen.

Refuses to guess the mean: it is declared.
"""

from __future__ import annotations

import math
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from tamesu.base import Declaration, Duration, InvalidDeclaration, Time
from tamesu.policy.contract import Batch
from tamesu.policy.fading import Weighing, Weights
from tamesu.policy.forgetting import half_life_of
from tamesu.policy.table import LANDMARK, OPEN, Table

Floats: TypeAlias = NDArray[np.float64]

FEWEST = 5
"""Mean delays in a window: then less than one conversion in a hundred comes after its end."""

_MARK = OPEN + LANDMARK


class Delay:
    """What is open of the rows of a declaration."""

    def __init__(self, weighing: Weighing) -> None:
        self._weighing = weighing

    def weights(self, batch: Batch) -> Weights:
        """What the open part of each row weighs, with the signs in them, in units of its own landmark."""
        each, marks = self._weighing.weights(batch)
        return Weights(each, {OPEN + name: number for name, number in marks.items()})

    def scale(self, state: Table, time: Time) -> float:
        """What a unit of the open sums of `state` weighs at `time`."""
        if _MARK not in state.highest:
            return 1.0
        marked = Table.of([], {}, highest={LANDMARK: state.highest[_MARK]})
        return self._weighing.scale(marked, time)

    def seen(self, state: Table, scale: float, time: Time) -> Table:
        """The sums of `state` at `time` without what is open; a unit of the plain ones weighs `scale`."""
        own = self.scale(state, time)
        parts = [state.per_arm, state.shared]
        per_arm, shared = (
            {
                name: column * scale - part[OPEN + name] * own if OPEN + name in part else column
                for name, column in part.items()
                if not name.startswith(OPEN)
            }
            for part in parts
        )
        return Table(state.arms, per_arm, shared, state.highest)


class OpenRows(NamedTuple):
    """The open part of the rows of a batch.

    Attributes:
        each: (n,) its weight, with the signs in it, in units of its own landmark.
        marks: what a table of their sums says is `highest`.
        share: (n,) of each row that is open now, from 0 to 1.
    """

    each: Floats
    marks: dict[str, int]
    share: Floats


def open_rows(delay: Delay, batch: Batch, weights: Floats, scale: float, time: Time) -> OpenRows:
    """What is open of a batch at `time`, where its rows have `weights` (n,) in units that weigh `scale`."""
    each, marks = delay.weights(batch)
    each = np.ones(len(batch)) if each is None else each
    now, then = each * delay.scale(Table.of([], {}, highest=marks), time), weights * scale
    share = np.divide(now, then, out=np.zeros(len(batch)), where=then != 0.0)
    return OpenRows(each, marks, np.clip(share, 0.0, 1.0))


def delay_of(declaration: Declaration, mean: Duration | None) -> Delay | None:
    """The delay that a declaration tells; none where it tells none.

    Raises:
        InvalidDeclaration: no length of time, or one that the window of its rewards is too short for.
    """
    if mean is None:
        return None
    window = declaration.reward.longest_us
    if not 0 < mean * FEWEST <= window:
        raise InvalidDeclaration(
            "policy.belief.delay must lie above 0s and be at most a fifth of the longest window, "
            f"{Duration(window // FEWEST).text()}, got {mean.text()}",
            hint="it is the mean time from a decision to its reward; where windows are short, leave it "
            "out and wait:  reward.settle",
        )
    half_life, forgetting = mean * math.log(2.0), half_life_of(declaration)
    if forgetting is not None:
        half_life = 1.0 / (1.0 / half_life + 1.0 / forgetting)
    return Delay(Weighing(max(1, round(half_life))))
