"""Kinship: which arms tell of themselves alike. Refuses to know why."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]
Codes: TypeAlias = NDArray[np.intp]


def kinship(features: Floats) -> Codes | None:
    """(K,) a number for each arm, the same for arms with the same features (K, a); none where a is 0.

    Example:
        >>> kinship(np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 0.0]])).tolist()
        [1, 0, 1]
    """
    if features.shape[1] == 0:
        return None
    _, kin = np.unique(features, axis=0, return_inverse=True)
    return np.asarray(kin, np.intp).reshape(-1)
