"""Confidence sequences: right at every moment at once, of logs of a policy that was learning too."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from tamesu.base import InvalidInput
from tamesu.evaluate.contrast import Contrast
from tamesu.evaluate.intervals.boundary import Surprises, least_total
from tamesu.evaluate.intervals.bounds import Bounds
from tamesu.evaluate.intervals.interval import Interval, tail
from tamesu.evaluate.intervals.sides import Side, before, side_of
from tamesu.evaluate.rounds import Rounds

Floats: TypeAlias = NDArray[np.float64]
Codes: TypeAlias = NDArray[np.intp]

MOMENTS = 512
"""At so many moments at most it is told; it holds at all."""


@dataclass(frozen=True, slots=True, eq=False)
class Sequence:
    """What was known at some moments of a log.

    Attributes:
        rounds: (t,) how many had been logged, rising.
        estimate: (t,) the mean of w r; with a model of v + w (r - q).
        low, high: (t,) the mean value of the target policy so far lies between, at all times at once.
    """

    rounds: Codes
    estimate: Floats
    low: Floats
    high: Floats

    @property
    def last(self) -> Interval:
        """At the end of the log; NaN where no value is left: then propensities cannot be right."""
        if self.low[-1] > self.high[-1]:
            return Interval(np.nan, np.nan)
        return Interval(float(self.low[-1]), float(self.high[-1]))


def steps_of(rounds: Rounds) -> Codes:
    """(n,) the decision of each round, from 0: what was decided at one time for one unit was decided together.

    Raises:
        InvalidInput: rounds that do not stand in the order of the log.
    """
    if (np.diff(rounds.decided) < 0).any():
        raise InvalidInput(
            "rounds must stand in the order in which they were decided, got one before its predecessor",
            hint="sort by `decided`: a sequence looks at what came before",
        )
    new = (np.diff(rounds.decided) != 0) | (np.diff(rounds.cluster) != 0)
    return np.concatenate([np.zeros(1, np.intp), np.cumsum(new)])[: len(rounds)]


def sequence(
    contrast: Contrast,
    step: Codes,
    confidence: float,
    bounds: Bounds,
    *,
    moments: Codes | None = None,
) -> Sequence:
    """Between which values the mean of V_1 … V_n lies, V_t what the target policy was worth when t was decided.

    The logging policy may learn from whatever came before, the target policy too, and contexts may drift: all that is
    asked is that propensities are right, and that rewards lie in [0, 1], to which `bounds` bring them. Where neither
    target nor contexts change, V_t is one value V. It is worth to the units that came: where they differ and come often, it
    is not that to units in general, whose intervals are those by clusters. From below by w r >= 0; from above the same of 1 - r. Where the
    largest weight W is known, v + w (r - q) >= -W joins in, q what a model said that had learnt from the past alone
    (`along`), or without a model the weighted mean of the past. The two are mixed, so that none has to be chosen.

    O(n). At most 512 moments, evenly by logarithm, unless they are given.

    Args:
        contrast: rounds in the order of the log; what a model guesses lies within the bounds.
        step: (n,) decisions, rising: rounds of one are taken together. The mean goes over rounds.
        confidence: above 0 and below 1; of both ends together, at all times.
        bounds: of rewards; of weights, if known.
        moments: (t,) numbers of steps, rising, from 1.

    Raises:
        InvalidInput: rewards, weights or guesses beyond the bounds; no rounds; moments that cannot be.

    Source: Waudby-Smith, Wu, Ramdas, Karampatziakis & Mineiro 2022, for policy values that change in time.
    """
    beyond = tail(confidence)
    _refuse_no_steps(step)
    side = side_of(contrast, bounds, step)
    lengths = np.bincount(step)
    at = _moments(len(lengths)) if moments is None else _checked(moments, len(lengths))
    logged, longest = np.cumsum(lengths)[at - 1], int(lengths.max())

    def least_mean(seen: Side) -> Floats:
        """(t,) the mean value so far lies above it. Sums of a step are told in units of the longest one."""
        several = [
            _surprises(np.bincount(step, x) / longest, below, at)
            for x, below in seen.worths(bounds.most_weight)
        ]
        return np.clip(least_total(several, beyond) * longest / logged, 0.0, 1.0)

    low, high = least_mean(side), least_mean(side.mirrored())
    plain = contrast.expected + contrast.weight * (contrast.reward - contrast.guess)
    scale = bounds.high - bounds.low
    return Sequence(
        rounds=logged,
        estimate=np.cumsum(plain)[logged - 1] / logged,
        low=bounds.low + scale * low,
        high=bounds.high - scale * high,
    )


def _surprises(x: Floats, least: float, at: Codes) -> Surprises:
    """Of x >= -least, guessed by its own mean so far."""
    guess = np.minimum((0.5 + before(x)) / (1.0 + np.arange(len(x))), 1.0)
    square = np.cumsum((x - guess) ** 2)[at - 1]
    return Surprises(np.cumsum(x)[at - 1], square, 1.0 + least)


def _refuse_no_steps(step: Codes) -> None:
    if len(step) and (step[0] != 0 or not np.isin(np.diff(step), (0, 1)).all()):
        raise InvalidInput(
            "steps must rise from 0, one by one, got others",
            hint="`steps_of` gives those of rounds",
        )


def _moments(steps: int) -> Codes:
    if steps <= MOMENTS:
        return np.arange(1, steps + 1)
    return np.unique(np.geomspace(1, steps, MOMENTS).round().astype(np.intp))


def _checked(moments: Codes, steps: int) -> Codes:
    at = np.asarray(moments, np.intp)
    if not len(at) or (np.diff(at) <= 0).any() or at[0] < 1 or at[-1] > steps:
        raise InvalidInput(f"moments must rise within 1 and {steps:,}, got others")
    return at
