"""How often each position of a slate is looked at, from its own log: ratios, no model fitted.

**Model.** A click at position i has the probability v_i theta_a (the examination hypothesis). Weigh each delivery
by w = 1 / (p_0 p_1 … p_i), the propensities of its arm and of those above it: under w every order of i + 1
arms is as likely as any other, so that the mean theta at position i is that of all arms, the same for each i.
Then

    v_i / v_0 = (sum w r / sum w at position i) / (the same at position 0),

from whatever swaps the policy made by chance. The error is that of two independent self-normalised means, by
their influence.

It stops holding where arms were given up: an order that never happens is in no row, and `effective` tells how
few rows carry the estimate. A deterministic explorer swaps nothing, and says so with propensities of 1.
Refuses to tell those apart from rare clicks.

Source: Agarwal et al. 2019 (harvesting swaps out of logs); Joachims, Swaminathan & Schnabel 2017 (why positions weigh).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Looked:
    """How often a position is looked at, for each look at position 0.

    Attributes:
        position: from 0.
        observed: deliveries that were seen there, with all above them.
        clicks: of those.
        effective: how many rows of equally likely orders they are worth, (sum w)^2 / sum w^2.
        ratio: v_i / v_0; none without a click at position 0.
        error: standard error of the ratio; none likewise, and at position 0.
    """

    position: int
    observed: int
    clicks: int
    effective: float
    ratio: float | None
    error: float | None


def looked(
    decision: NDArray[np.int64],
    position: NDArray[np.int64],
    propensity: NDArray[np.float64],
    clicked: NDArray[np.bool_],
) -> list[Looked]:
    """By position, from the top, of n deliveries; those of which one above was not seen are left out.

    Args:
        decision: (n,) which deliveries belong together.
        position: (n,) from 0, different within a decision.
        propensity: (n,) in (0, 1], as logged.
        clicked: (n,).

    Example:
        >>> two = looked(
        ...     np.array([0, 0, 1, 1]),
        ...     np.array([0, 1, 0, 1]),
        ...     np.full(4, 0.5),
        ...     np.array([True, False, True, True]),
        ... )
        >>> round(two[1].ratio, 6)
        0.5
    """
    order = np.lexsort((position, decision))
    decision, position = decision[order], position[order]
    first = np.ones(len(order), dtype=np.bool_)
    first[1:] = decision[1:] != decision[:-1]
    starts = np.flatnonzero(first)
    group = np.cumsum(first) - 1
    whole = position == np.arange(len(order)) - starts[group]
    steps = np.log(propensity[order])
    sums = np.cumsum(steps)
    logs = -(sums - (sums - steps)[starts][group])
    told: list[Looked] = []
    top = (0.0, 0.0)
    for place in range(int(position.max(initial=-1)) + 1):
        rows = whole & (position == place)
        mean, variance, effective = _mean(logs[rows], clicked[order][rows].astype(np.float64))
        if place == 0:
            top = (mean, variance)
        ratio = mean / top[0] if top[0] > 0.0 else None
        error = None
        if ratio is not None and place:
            # Of a ratio of independent means.
            error = float(np.sqrt(variance + ratio**2 * top[1]) / top[0])
        clicks = int(clicked[order][rows].sum())
        told.append(Looked(place, int(rows.sum()), clicks, effective, ratio, error))
    return told


def _mean(logs: NDArray[np.float64], values: NDArray[np.float64]) -> tuple[float, float, float]:
    """The weighted mean, its variance and the effective rows; zeros without a row."""
    if not len(logs):
        return 0.0, 0.0, 0.0
    weights = np.exp(logs - logs.max())
    total = float(weights.sum())
    mean = float(weights @ values) / total
    variance = float(((weights * (values - mean)) ** 2).sum()) / total**2
    return mean, variance, total**2 / float((weights**2).sum())
