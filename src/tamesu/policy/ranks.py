"""How likely each arm comes at each rank, where arms are ordered by a draw from each arm's Beta posterior.

What a policy that delivers the first few of one Thompson draw has done, as a propensity of each position by itself. Refuses to
know which positions were looked at.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import special

Floats: TypeAlias = NDArray[np.float64]

NODES = 4096
"""Of the log-odds, evenly: the trapezoid rule errs by less than rounding while a posterior spans some of them."""

TAIL = 1e-16


def rank_shares(alpha: Floats, beta: Floats, ranks: int) -> Floats:
    """(K, ranks) probability that an arm comes at a rank, from the first.

        P(a at r) = integral of f_a(x) P(r of the others lie above x) dx

    the latter a sum of independent indicators (Poisson binomial), built arm by arm. O(K^2 ranks NODES). Shares of a
    rank are scaled to add up to 1.

    Args:
        alpha, beta: (K,) of the posteriors, at least 1: below, a density has no end to integrate to.
        ranks: how many, at most K.

    Example:
        >>> rank_shares(
        ...     np.array([11.0, 6.0, 21.0]), np.array([91.0, 96.0, 181.0]), 1
        ... ).ravel().round(6)
        array([0.514107, 0.033395, 0.452499])
    """
    alpha, beta = alpha[:, None], beta[:, None]
    low = special.logit(special.betaincinv(alpha, beta, TAIL).min())
    high = -special.logit(special.betaincinv(beta, alpha, TAIL).min())
    odds = np.linspace(low, high, NODES)
    at, off = special.expit(odds), special.expit(-odds)
    density = np.exp(alpha * np.log(at) + beta * np.log(off) - special.betaln(alpha, beta))
    above = special.betainc(beta, alpha, off)
    shares = np.empty((len(alpha), ranks))
    for arm in range(len(alpha)):
        others = np.zeros((ranks, NODES))
        others[0] = 1.0
        for other in range(len(alpha)):
            if other != arm:
                moved = others * above[other]
                others -= moved
                others[1:] += moved[:-1]
        shares[arm] = others @ density[arm]
    return shares / shares.sum(axis=0)
