"""How far a sum of bounded surprises can get below its own prediction, at any time.

Let x_t >= -c, its mean given the past m_t, and g_t <= 1 any guess of x_t out of the past. For every rate l in
(0, 1 / s), s = 1 + c,

    exp(l (sum x - sum m) - f(l s) / s^2 sum (x - g)^2),    f(l) = -log(1 - l) - l,

is a supermartingale that begins at 1, and so is every mixture of them over rates, and over several x of the same m.
So at all times at once it stays below 1 / tail, except with a probability of `tail`; and the sums of m at which it
does are bounded from below. Refuses to know what x is.

Source: Fan, Grama & Liu 2015 for the inequality; Howard et al. 2021; Waudby-Smith et al. 2022. Rates are mixed on
a grid whose logarithms are even, so that no number of rounds is preferred, where those mix over a gamma density.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]

RATES = np.geomspace(1e-4, 0.95, 48)
"""From sums of squares of about 10^9 to those of about 1."""

_CURVES = -np.log1p(-RATES) - RATES
_STEPS = 60
_ENOUGH = 1e-12


@dataclass(frozen=True, slots=True, eq=False)
class Surprises:
    """One x, as far as it got at each of some times.

    Attributes:
        total: (t,) sum of x.
        square: (t,) sum of (x - g)^2.
        scale: s = 1 + c.
    """

    total: Floats
    square: Floats
    scale: float


def least_total(several: list[Surprises], tail: float) -> Floats:
    """(t,) the sum of m lies above it, at all times at once, with probability 1 - tail.

    Newton's method from below, on a convex function that falls. O(t * 48) for each x.
    """
    rates = np.concatenate([RATES / one.scale for one in several])
    # (t, rates): the logarithm of each supermartingale at a sum of m of 0.
    base = np.concatenate(
        [
            one.total[:, None] * (RATES / one.scale)
            - one.square[:, None] * (_CURVES / one.scale**2)
            for one in several
        ],
        axis=1,
    )
    enough = np.log(len(rates) / tail)
    # One of them alone reaches it there, so that all together do.
    at: Floats = ((base - enough) / rates).max(axis=1)
    for _ in range(_STEPS):
        terms = base - at[:, None] * rates
        top = terms.max(axis=1)
        shares = np.exp(terms - top[:, None])
        whole = shares.sum(axis=1)
        step = (top + np.log(whole) - enough) * whole / (shares @ rates)
        at += step
        if np.abs(step).max(initial=0.0) <= _ENOUGH * (1.0 + np.abs(at).max(initial=0.0)):
            break
    return at
