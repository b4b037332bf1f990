"""How high a rate may be, given what was seen of it: the bound of KL-UCB.

Refuses rates outside of [0, 1].
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import special

HALVINGS = 60
"""From an interval of at most 1 to below 1e-18."""

TINY = 1e-300
"""Stands for a rate of 0 where one divides by it; its term is 0 all the same."""


def kl_bound(rate: NDArray[np.float64], divergence: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n,) the greatest q with kl(rate, q) <= divergence, within 1e-12, by halving the interval.

    kl(p, q) = p log(p / q) + (1 - p) log((1 - p) / (1 - q)) rises in q from p on, from 0 to infinity.
    What is halved is q - p, and the logarithms are of 1 + (q - p) / p and 1 - (q - p) / (1 - p): so a
    bound that is hardly above its rate, as after billions of observations, is as exact as any other.

    Laws: q >= rate; rises with both; 1 for an infinite divergence. Each is a function of its own
    rate and divergence alone, to the bit.

    Args:
        rate: (n,) in [0, 1].
        divergence: (n,) at least 0.

    Example:
        >>> kl_bound(np.array([0.0, 0.5]), np.array([np.log(2.0), 0.0]))
        array([0.5, 0.5])
    """
    rest = 1.0 - rate
    low, high = np.zeros_like(rate), rest
    for _ in range(HALVINGS):
        above = 0.5 * (low + high)
        apart = -special.xlog1py(rate, above / np.maximum(rate, TINY))
        apart -= special.xlog1py(rest, -above / np.maximum(rest, TINY))
        inside = apart <= divergence
        low = np.where(inside, above, low)
        high = np.where(inside, high, above)
    bound: NDArray[np.float64] = np.where(divergence > 0.0, rate + high, rate)
    return bound
