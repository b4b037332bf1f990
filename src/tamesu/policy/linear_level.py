"""The common level of rewards, out of a linear belief's sums; and what sums less than it are.

Rewards may lie far from 0 for what they vary: a basket of 50 ± 5. A prior around 0 would then pull arms
of few rewards below those of many, for ever. So the prior of every intercept stands where the intercepts
of all arms are found to be. Refuses to change a state: it is read with another prior.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]

LEAST_SEEN = 1e-200
"""Of what all intercepts know; with less, nothing is left of what was learnt."""


def level_of(first: Floats, moments: Floats, ones: Floats) -> float:
    """Where k intercepts stand in the middle, known as they are; 0 out of nothing.

    With A_k the precisions, b_k the moments and s_k what rewards of 1 would have made of them, and (.)_0
    the part of the intercept: sum_k (A_k^-1 b_k)_0 / sum_k (A_k^-1 s_k)_0. That is the generalised least
    squares estimate of the mean that the intercepts are drawn around.

    Law: rewards higher by c have a level higher by c.

    Args:
        first: (k, p) A^-1 e, e = (1, 0, ...): the intercept is column 0.
        moments: (k, p) sums of rewards times columns.
        ones: (k, p) sums of columns.

    Source: Robinson, That BLUP is a good thing, 1991: of a mixed model with one fixed effect.
    """
    seen = float((first * ones).sum())
    return float((first * moments).sum()) / seen if seen > LEAST_SEEN else 0.0


def squares_beyond(level: float, squares: Floats, ones: Floats, moments: Floats) -> Floats:
    """(k,) sums of squares of rewards less `level`.

    Args:
        level: as said.
        squares: (k,) sums of squares of rewards.
        ones: (k,) of ones, each with its weight.
        moments: (k,) of rewards.
    """
    return squares + level * (level * ones - 2.0 * moments)
