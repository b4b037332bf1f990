"""What the sums of a belief in coefficients are called in a state. Refuses to know what they say."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from tamesu.policy.gram import Sums

Floats: TypeAlias = NDArray[np.float64]

OBSERVATIONS, CLIPPED = "observations", "clipped"
WEIGHT, SQUARES = "weight", "squares"
MOMENT, PRECISION, CROSS = "moment", "precision", "cross"
JOINT_MOMENT, JOINT_PRECISION = "joint_moment", "joint_precision"


def columns_of(sums: Sums) -> tuple[dict[str, Floats], dict[str, Floats]]:
    """`sums` by name: those of k arms, and those of what all arms share; none of columns that are not there."""
    own, joint = sums
    p, q = own.shape[1], len(joint)
    by_arm: dict[str, Floats] = {}
    if p:
        by_arm |= {PRECISION: own[:, :, :p], MOMENT: own[:, :, -1]}
    if p and q:
        by_arm[CROSS] = own[:, :, p:-1]
    return by_arm, {JOINT_PRECISION: joint[:, :q], JOINT_MOMENT: joint[:, -1]} if q else {}
