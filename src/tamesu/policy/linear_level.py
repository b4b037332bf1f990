"""The common level of rewards, out of a linear belief's sums; and what sums less than it are.

Rewards may lie far from 0 for what they vary: a basket of 50 ± 5. A prior around 0 would then pull arms
of few rewards below those of many, for ever. So the prior of every intercept stands where the intercepts
of all arms are found to be. Refuses to change a state: it is read with another prior.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from tamesu.policy.table import Table

Floats: TypeAlias = NDArray[np.float64]

OBSERVATIONS, CLIPPED = "observations", "clipped"
WEIGHT, SQUARES = "weight", "squares"
MOMENT, PRECISION, CROSS = "moment", "precision", "cross"
JOINT_MOMENT, JOINT_PRECISION = "joint_moment", "joint_precision"

LEAST_SEEN = 1e-200
"""Of what all intercepts know; with less, nothing is left of what was learnt."""


def level_of(root: Floats, moments: Floats, ones: Floats) -> float:
    """Where k intercepts stand in the middle, known as they are; 0 out of nothing.

    With A_k the precisions, b_k the moments and s_k what rewards of 1 would have made of them, and (.)_0
    the part of the intercept: sum_k (A_k^-1 b_k)_0 / sum_k (A_k^-1 s_k)_0. That is the generalised least
    squares estimate of the mean that the intercepts are drawn around.

    Law: rewards higher by c have a level higher by c.

    Args:
        root: (k, p, p) R with RT R = A^-1; the intercept is column 0.
        moments: (k, p) sums of rewards times columns.
        ones: (k, p) sums of columns.

    Source: Robinson, That BLUP is a good thing, 1991: of a mixed model with one fixed effect.
    """
    first = (root.transpose(0, 2, 1) @ root[:, :, :1])[:, :, 0]
    seen = float((first * ones).sum())
    return float((first * moments).sum()) / seen if seen > LEAST_SEEN else 0.0


def centred(state: Table, level: float) -> Table:
    """The sums that rewards less `level` would have made.

    Where arms have no sums of columns, what of squares matters is their sum: the shift of all stands
    with the first arm.
    """
    if level == 0.0:
        return state
    by_arm, shared = dict(state.per_arm), dict(state.shared)
    if MOMENT in by_arm:
        ones, moment = by_arm[PRECISION][:, 0], by_arm[MOMENT]
        by_arm[SQUARES] = by_arm[SQUARES] + level * (level * ones[:, 0] - 2.0 * moment[:, 0])
        by_arm[MOMENT] = moment - level * ones
    else:
        by_arm[SQUARES] = by_arm[SQUARES].copy()
        shift = level * shared[JOINT_PRECISION][0, 0] - 2.0 * shared[JOINT_MOMENT][0]
        by_arm[SQUARES][:1] += level * shift
    if JOINT_MOMENT in shared:
        shared[JOINT_MOMENT] = shared[JOINT_MOMENT] - level * shared[JOINT_PRECISION][0]
    return replace(state, per_arm=by_arm, shared=shared)
