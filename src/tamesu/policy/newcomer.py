"""The newcomer cap: arms that are hardly known get at most a share, beside those that are known.

An arm that nobody has heard of may be the best, so explorers try it; and as long as nothing comes back
they go on trying it. Refuses to judge arms by anything but how often they were learnt from.
"""

from __future__ import annotations

from collections.abc import Callable
from math import fsum

import numpy as np
from numpy.typing import NDArray

from tamesu.base import Newcomer


def capped(
    propensities: NDArray[np.float64],
    newcomers: NDArray[np.bool_],
    share: float,
    among_mature: Callable[[NDArray[np.bool_]], NDArray[np.float64]],
) -> NDArray[np.float64]:
    """The distribution in which newcomers together have at most `share`, while there are mature arms.

    With N the mass of the newcomers and q the distribution over the mature arms alone, where N > share:
    p_a <- p_a * share / N for newcomers, p_a <- p_a + (N - share) * q_a for mature arms. So what is
    taken off goes where it would go without newcomers. It is not handed out in proportion to p: beside
    newcomers that are the best beyond doubt the mature ones have no mass that could tell them apart.

    Laws: sums to what it summed to; no mature arm gets less, no newcomer more; the same array
    where all are newcomers, none is, or they have no more than `share`; permuting permutes, bit
    for bit. Continuous in p.

    Args:
        propensities: (k,) of the eligible arms, `explore` mixed in.
        newcomers: (k,) whether each is a newcomer.
        share: in (0, 1).
        among_mature: (m,) distribution over the arms at a mask (k,), those that are no
            newcomers; asked only where the cap bites.

    Example:
        >>> even = lambda mature: np.full(mature.sum(), 1 / mature.sum())
        >>> capped(np.array([0.1, 0.0, 0.9]), np.array([False, False, True]), 0.2, even)
        array([0.45, 0.35, 0.2 ])
    """
    mature = ~newcomers
    if not newcomers.any() or not mature.any():
        return propensities
    theirs = fsum(propensities[newcomers])
    if theirs <= share:
        return propensities
    made = np.empty_like(propensities)
    made[newcomers] = propensities[newcomers] * (share / theirs)
    made[mature] = propensities[mature] + (theirs - share) * among_mature(mature)
    return made


def least_propensity(
    explore: float, observations: NDArray[np.int64], newcomer: Newcomer | None
) -> float:
    """The least propensity that `explore` guarantees any eligible arm, whoever else is eligible.

    explore / n over n arms; with a cap that bites, a newcomer keeps share / N of it, and N is at most
    1 - m * explore / n beside m mature arms.
    """
    n = len(observations)
    if not n:
        return 0.0
    least = explore / n
    if newcomer is None:
        return least
    mature = int(np.count_nonzero(observations >= newcomer.until))
    if not 0 < mature < n:
        return least
    return least * min(1.0, newcomer.share / (1.0 - mature * least))
