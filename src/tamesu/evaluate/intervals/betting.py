"""Betting intervals: right for any number of rounds, and narrow, whatever the weights.

For one moment that was known beforehand; who looks again and again takes a sequence.
"""

from __future__ import annotations

import math
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, special

from tamesu.evaluate.contrast import Contrast
from tamesu.evaluate.intervals.bounds import Bounds
from tamesu.evaluate.intervals.interval import Interval, tail
from tamesu.evaluate.intervals.sides import Side, before, side_of
from tamesu.evaluate.lot import in_turn

Floats: TypeAlias = NDArray[np.float64]
Codes: TypeAlias = NDArray[np.intp]

BOLDEST = 0.75
"""Of what could be lost at most in one bet: a bet that loses all can win nothing back."""


def betting(contrast: Contrast, cluster: Codes, confidence: float, bounds: Bounds) -> Interval:
    """All V against which nobody gets rich who bets that the truth is higher, or lower.

    Whoever bets the share l_i on x_i > V, x_i >= -c of mean V, has

        K(V) = product over i of (1 + l_i (x_i - V)),      0 <= l_i < 1 / (1 + c),

    whose mean is 1 if V is the truth: it gets above 1 / tail with a probability of `tail` at most. K falls in V, so V
    are ruled out from below up to some V; from above the same of mirrored rewards. Bets are sized by the spread of
    earlier x, for n of them. x is w r >= 0; where the largest weight is known, half of the money bets on v + w (r - q).

    Clusters are taken one after the other, by lot, and their rounds together, in units of the longest one. NaN where no
    V is left: then propensities cannot be right. O(n log n).

    Args:
        contrast: of n rounds; what a model says of one must not have been learnt from any of them.
        cluster: (n,) from 0.
        confidence: above 0 and below 1.
        bounds: of rewards; of weights, if known.

    Raises:
        InvalidInput: rewards, weights or guesses beyond the bounds; no rounds.

    Source: Waudby-Smith & Ramdas 2024; Waudby-Smith et al. 2022 for weights without a bound.
    """
    beyond = tail(confidence)
    turn = in_turn(cluster)
    size = np.bincount(turn)
    side = side_of(contrast, bounds, turn)

    def least(seen: Side) -> float:
        """The truth lies above it."""
        longest = int(size.max())
        bets = [
            _bets(np.bincount(turn, x) / longest, size / longest, below, beyond)
            for x, below in seen.worths(bounds.most_weight)
        ]
        enough = math.log(len(bets) / beyond)

        def riches(at: float) -> float:
            """The logarithm of what all have together, over what is enough."""
            whole: float = special.logsumexp([one.capital(at) for one in bets])
            return whole - enough

        if riches(0.0) <= 0.0:
            return 0.0
        return 1.0 if riches(1.0) >= 0.0 else float(optimize.brentq(riches, 0.0, 1.0, xtol=1e-12))

    scale = bounds.high - bounds.low
    low, high = least(side), least(side.mirrored())
    if low + high > 1.0:
        return Interval(math.nan, math.nan)
    return Interval(bounds.low + scale * low, bounds.high - scale * high)


class _Bets(NamedTuple):
    """What is bet on each sum of a cluster, and what its mean is a multiple of."""

    stake: Floats
    total: Floats
    size: Floats

    def capital(self, at: float) -> float:
        """Logarithm of K, were the mean `at`."""
        return float(np.log1p(self.stake * (self.total - self.size * at)).sum())


def _bets(total: Floats, size: Floats, below: float, beyond: float) -> _Bets:
    """Sized by what came before: nothing is bet on what was already seen.

    Args:
        total: (G,) of x by cluster.
        size: (G,) above 0, at most 1.
        below: how far below 0 a total may get.
        beyond: how much may lie beyond an end.
    """
    count = np.arange(1, len(total) + 1)
    level = (0.5 + before(total)) / (1.0 + before(size))
    spread = ((total - size * level) / (1.0 + below)) ** 2
    variance = (0.25 + before(spread)) / count
    share = np.minimum(np.sqrt(2.0 * -math.log(beyond) / (len(total) * variance)), BOLDEST)
    return _Bets(share / (1.0 + below), total, size)
