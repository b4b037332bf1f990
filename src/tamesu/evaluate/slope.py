"""SLOPE: the rounds themselves choose how far large weights are held down.

Of estimators that trade variance for bias, the one that varies least while it still agrees with all that vary
more. Refuses to know what is traded.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from tamesu.base import InvalidInput
from tamesu.evaluate.clustered import reach
from tamesu.evaluate.contrast import Contrast
from tamesu.evaluate.contributions import Contributions, Statistic, value

Tunable: TypeAlias = float | tuple[float, ...] | Literal["slope"]
"""A number, several of which SLOPE takes one, or SLOPE among those that suit the weights."""

DOUBT = 0.1
"""How often a width may be too small, on one side."""

LENIENCE = math.sqrt(6.0) - 1.0
"""How many widths of a wider one an estimate may be off."""


def slope(
    statistics: Iterable[Statistic],
    cluster: NDArray[np.intp] | None = None,
    doubt: float = DOUBT,
) -> int:
    """Which of several estimates of one thing to take.

    By falling width w_1 >= w_2 >= ..., it goes on while |T_j - T_i| <= w_i + (sqrt 6 - 1) w_j for all j before i,
    and takes the last; w the quantile of Student's t times the standard error by clusters. Its error is at most a
    constant times that of the best one, if bias rises where width falls.

    Args:
        statistics: at least one, of the same n rounds; looked at one by one, none is held.
        cluster: (n,) from 0; none for each round by itself.
        doubt: above 0 and below 1.

    Source: Su, Srinath & Krishnamurthy 2020; Tucker & Lee 2021, whose constant it is.
    """
    pairs = [(value(one), reach(one.influence(), cluster, doubt)) for one in statistics]
    found, widths = np.array(pairs).T
    order = np.argsort(-widths, kind="stable")
    known = [int(at) for at in order if np.isfinite(found[at]) and np.isfinite(widths[at])]
    for place, at in enumerate(known):
        before = known[:place]
        if (np.abs(found[before] - found[at]) > widths[at] + LENIENCE * widths[before]).any():
            return before[-1]
    return known[-1] if known else int(order[0])


def settled(
    option: Tunable,
    contrast: Contrast,
    suited: Callable[[Contrast], Sequence[float]],
    contributions: Callable[[float], Contributions],
) -> Contributions:
    """Contributions with an option that is a number, or that SLOPE makes one.

    Args:
        option: as declared.
        contrast: the rounds.
        suited: numbers that suit their weights.
        contributions: of a number.
    """
    if isinstance(option, int | float):
        return contributions(option)
    numbers = suited(contrast) if option == "slope" else option
    best = numbers[slope(map(contributions, numbers), contrast.cluster)]
    return replace(contributions(best), tuned=float(best))


def checked(option: Tunable, name: str, most: float = math.inf) -> Tunable:
    """The option, or the reason why it is none.

    Raises:
        InvalidInput: a number below 0 or above `most`, or none at all to choose from.
    """
    if option == "slope":
        return option
    numbers = option if isinstance(option, tuple) else (option,)
    upper = "" if math.isinf(most) else f" and at most {most:g}"
    if not numbers:
        raise InvalidInput(f"{name} must be a number, some numbers, or slope, got no number")
    for number in numbers:
        if not 0.0 <= number <= most:
            raise InvalidInput(f"{name} must be at least 0{upper}, got {number:g}")
    return option


def halved_weights(contrast: Contrast) -> tuple[float, ...]:
    """The largest weight, its half, its quarter and so on, down to the first that is at most 1."""
    largest = float(contrast.weight.max(initial=1.0))
    steps = math.ceil(math.log2(max(largest, 1.0))) if math.isfinite(largest) else 0
    return tuple(math.ldexp(largest, -step) for step in range(steps + 1))


def slowed(weight: NDArray[np.float64], rate: float) -> NDArray[np.float64]:
    """(n,) w / (1 - rate + rate w): weights that grow ever more slowly, none beyond 1 / rate.

    Source: Metelli, Russo & Restelli 2021.

    Example:
        >>> slowed(np.array([0.0, 1.0, 9.0]), 0.5)
        array([0. , 1. , 1.8])
    """
    # Where the rate is 1 a weight of 0 counts as 0, as it does for any other rate.
    under = 1.0 - rate + rate * weight
    slow: NDArray[np.float64] = weight / (under + (under == 0.0))
    return slow


def rates(contrast: Contrast) -> tuple[float, ...]:
    """Of `slowed`: 0, and powers of a half from one that hardly changes a weight up to 1."""
    del contrast
    return (0.0, *(0.5**power for power in range(12, -1, -1)))
