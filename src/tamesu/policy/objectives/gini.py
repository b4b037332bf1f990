"""The generalised Gini index: several objectives as one number that looks after the worst of them most.

Refuses to know where the numbers come from.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def welfare(rewards: Floats, weights: Floats) -> Floats:
    """(...) G_w(x) = sum of w_d x_(d), x sorted from the worst to the best, of `rewards` (..., D).

    Concave where weights fall from rank to rank: evening out what objectives have never lowers it. Equal
    weights are a plain sum, and the first one alone is the worst objective.

    Laws: G(c x) = c G(x) for c >= 0, G(x + c) = G(x) + c sum w, and G is the least of v . x over all orders
    v of the weights.

    Example:
        >>> welfare(np.array([0.2, 0.6, 0.4]), np.array([1.0, 0.5, 0.25])).item()
        0.55

    Args:
        rewards: the larger the better.
        weights: (D,) from the worst rank to the best, above 0, never rising.

    Source: Weymark 1981; Busa-Fekete et al. 2017, for costs: there the largest are first.
    """
    found: Floats = np.sort(rewards, axis=-1) @ weights
    return found
