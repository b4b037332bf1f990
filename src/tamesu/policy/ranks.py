"""How likely each arm comes at each rank, where arms are ordered by a draw from each arm's Beta posterior.

What a policy that delivers the first few of one Thompson draw has done, as a propensity of each position by itself. Refuses to
know which positions were looked at.
"""

from __future__ import annotations

from typing import Any, TypeAlias

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
        alpha: (K,) of the posteriors, at least 1: below, a density has no end to integrate to.
        beta: (K,) likewise.
        ranks: how many, at most K.

    Example:
        >>> rank_shares(
        ...     np.array([11.0, 6.0, 21.0]), np.array([91.0, 96.0, 181.0]), 1
        ... ).ravel().round(6)
        array([0.514107, 0.033395, 0.452499])
    """
    a, b = np.asarray(alpha)[:, None], np.asarray(beta)[:, None]
    low = _logit(_floats(special.betaincinv(a, b, TAIL)))
    high = _logit(_floats(special.betaincinv(b, a, TAIL)))
    odds = np.linspace(float(low.min()), float(-high.min()), NODES)
    at, off = 1.0 / (1.0 + np.exp(-odds)), 1.0 / (1.0 + np.exp(odds))
    density = np.exp(a * np.log(at) + b * np.log(off) - _floats(special.betaln(a, b)))
    above = _floats(special.betainc(b, a, off[None, :]))
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
    whole: Floats = shares / shares.sum(axis=0)
    return whole


def _floats(values: Any) -> Floats:
    return np.asarray(values, dtype=np.float64)


def _logit(chance: Floats) -> Floats:
    return np.log(chance) - np.log1p(-chance)
