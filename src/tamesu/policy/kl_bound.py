"""How high a rate may be, given what was seen of it: the bound of KL-UCB.

Refuses rates outside of [0, 1].
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import special

HALVINGS = 60
"""From an interval of at most 1 to below 1e-18."""


def kl_bound(rate: NDArray[np.float64], divergence: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n,) the greatest q with kl(rate, q) <= divergence, within 1e-12, by halving the interval.

    kl(p, q) = p log(p / q) + (1 - p) log((1 - p) / (1 - q)) rises in q from p on, from 0 to infinity.

    Laws: q >= rate; rises with both; 1 for an infinite divergence. Each is a function of its own
    rate and divergence alone, to the bit.

    Args:
        rate: (n,) in [0, 1].
        divergence: (n,) at least 0.

    Example:
        >>> kl_bound(np.array([0.0, 0.5]), np.array([np.log(2.0), 0.0]))
        array([0.5, 0.5])
    """
    low, high = rate.copy(), np.ones_like(rate)
    for _ in range(HALVINGS):
        middle = 0.5 * (low + high)
        apart = special.rel_entr(rate, middle) + special.rel_entr(1.0 - rate, 1.0 - middle)
        inside = apart <= divergence
        low = np.where(inside, middle, low)
        high = np.where(inside, high, middle)
    bound: NDArray[np.float64] = np.where(divergence > 0.0, low, rate)
    return bound
