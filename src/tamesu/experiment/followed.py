"""`Followed`: deliveries that were followed to their end: what came early, and what it came to.

Refuses to say which deliveries those are: whoever read the log does.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

Reals = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Followed:
    """n deliveries of one bandit, each seen and known until the end of the later value.

    Attributes:
        types: (p,) event types.
        early: (n, p) what the early events of each type came to.
        later: (n,) the later value.
        who: (n,) codes from 0: rows of one code belong to one unit, or one decision, and say less
            than as many others.
        arm: (n,) places in `arms`.
        arms: ids.
        propensity: (n,) above 0.
        decided: (n,) microseconds.
    """

    types: tuple[str, ...]
    early: Reals
    later: Reals
    who: Integers
    arm: Integers
    arms: tuple[str, ...]
    propensity: Reals
    decided: Integers

    def __len__(self) -> int:
        return len(self.later)

    def take(self, rows: NDArray[np.int64] | NDArray[np.bool_]) -> Followed:
        """The rows that an index or a mask picks, in that order."""
        columns = ("early", "later", "who", "arm", "propensity", "decided")
        return replace(self, **{name: getattr(self, name)[rows] for name in columns})


def summed_by(who: Integers, values: Reals) -> Reals:
    """The sum of `values` (n,) for each code that occurs in `who` (n,), in the order of codes."""
    codes, places = np.unique(who, return_inverse=True)
    return np.bincount(places, values, minlength=len(codes)).astype(np.float64, copy=False)


def error_of_mean(who: Integers, weight: Reals, deviation: Reals) -> float:
    """The standard error of a weighed mean whose rows depend on each other within `who`.

    With weights w_i and deviations d_i from the mean, u_g the sum of w_i d_i over group g, and G
    groups: sqrt(G / (G - 1) sum u_g²) / sum w_i. Not a number for fewer than two groups.

    Source: Liang & Zeger 1986, for a mean.
    """
    sums = summed_by(who, weight * deviation)
    groups, total = len(sums), float(weight.sum())
    if groups < 2 or not total > 0:  # noqa: PLR2004 - one group says nothing of another
        return float("nan")
    return float(np.sqrt(groups / (groups - 1) * np.square(sums).sum()) / total)
