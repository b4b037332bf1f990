"""Probabilities of being the largest among bell-shaped posteriors, for one decision: soon rather than exactly.

P(a) = integral of f_a(z) * product of F_j(z) over the other arms j, in one pass over one grid, where
`tamesu.policy.quadrature` looks for panels that prove their error. Refuses what the grid cannot resolve: then it
gives nothing, and panels have to.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import special

from tamesu.policy.contract import Family
from tamesu.policy.families.normal import NormalFamily
from tamesu.policy.families.student_t import StudentTFamily

Floats = NDArray[np.float64]

TAIL = 1e-6
"""Mass of the best arm that may lie below the grid, and of any arm above it."""

STEP = 0.5
"""Between two points of the grid, at most, in scales of any arm around its centre."""

LEAST_POINTS, MOST_POINTS = 24, 512

FEW_POINTS = 48
"""Up to so many, a product with a matrix adds up sooner than one step after the other."""

LEAST_DOF = 3.0
"""Below it tails are too heavy for any grid of so few points."""

WRONG = 1e-3
"""A sum of probabilities so far from 1 says that the grid was too coarse."""

_REACH = -float(special.ndtri(TAIL))
_LEAST = 1e-30


def best_of_bells(family: Family) -> Floats | None:
    """(n,) P(a is the largest) of n normal, logit-normal or Student-t posteriors; sums to 1 within 1e-12.

    The grid is z = lo + 6 s sinh(t), t even: s the least scale, lo the highest lower end of any arm. So near
    lo it resolves the sharpest arm, and further up it is as wide as arms may be that reach there. Densities g(t) =
    f(z(t)) z'(t) are added up by the trapezoidal rule, and distribution functions with its first two end
    corrections by Euler and Maclaurin, -h^2 g' / 12 and h^4 g''' / 720, g''' out of differences of g'.

    Laws: equal arms have equal probabilities, and permuting arms permutes them, to the bit.

    Measured against panels on thousands of arms: within 2e-5. None where the grid would need more than
    `MOST_POINTS` points (scales a thousandfold apart, three degrees of freedom or less), and for
    other families. O(n points), points 24 to 512.

    Example:
        >>> one = NormalFamily(np.array([0.1, 0.0, 0.05]), np.array([0.1, 0.2, 0.05]))
        >>> best_of_bells(one).round(4)
        array([0.5078, 0.282 , 0.2101])
    """
    if not isinstance(family, StudentTFamily | NormalFamily):
        return None
    location, scale = family.location, family.scale
    dof = family.dof if isinstance(family, StudentTFamily) else None
    with np.errstate(all="ignore"):
        tails = _NORMAL if dof is None else _student_tails(dof.tobytes())
        if tails is None:
            return None
        reach = scale * tails.reach
        low, high = float((location - reach).max()), location + reach
        near = (high > low).nonzero()[0]
        if not len(near):
            return None
        keys = (scale[near], location[near])
        near = near[np.lexsort(keys if dof is None else (dof[near], *keys))]
        found = _shares(
            _Bells(
                location[near],
                scale[near],
                None if dof is None else dof[near],
                tails.peak if dof is None else tails.peak[near],
            ),
            low,
            float(high[near].max()),
        )
    if found is None:
        return None
    shares = np.zeros(len(location))
    shares[near] = found
    return shares


class _Tails(NamedTuple):
    """What n posteriors are by their degrees of freedom alone; of normal ones, one for all.

    Attributes:
        reach: (n,) about how many scales from its centre each has less than `TAIL` beyond.
        peak: (n,) density at its centre, in units of 1 / scale.
    """

    reach: Floats
    peak: Floats


_NORMAL = _Tails(np.array([_REACH]), np.array([1.0 / math.sqrt(2.0 * math.pi)]))


@lru_cache(maxsize=64)
def _student_tails(dof: bytes) -> _Tails | None:
    """Of as many degrees of freedom as there are floats in `dof`, the same for all contexts of a state.

    None where some are too few.
    """
    nu = np.frombuffer(dof)
    if not nu.min() > LEAST_DOF:
        return None
    reach = np.sqrt(nu * np.expm1(_REACH**2 * (nu - 1.5) / (nu - 1.0) ** 2))
    return _Tails(reach, np.exp(-special.betaln(0.5 * nu, 0.5)) / np.sqrt(nu))


class _Bells(NamedTuple):
    """Location (n,), scale (n,), degrees of freedom (n,), none of normal ones, and peak, as of `_Tails`."""

    location: Floats
    scale: Floats
    dof: Floats | None
    peak: Floats


def _shares(bells: _Bells, low: float, high: float) -> Floats | None:
    """(n,) P(a is the largest) of arms that reach beyond `low`, where a grid from there to `high` resolves it."""
    location, scale = bells.location, bells.scale
    unit = 6.0 * float(scale.min())
    last = math.asinh(min((high - low) / unit, 1e300))
    finest = float((scale / np.hypot(unit, location - low)).min())
    if not 0.0 < last < STEP * finest * (MOST_POINTS - 2):
        return None
    points = max(int(last / (STEP * finest)) + 2, LEAST_POINTS)
    h = last / (points - 1)
    rise = np.exp(h * np.arange(points))
    fall = 1.0 / rise
    width, shift = 0.5 * unit * (rise + fall), 0.5 * unit * (rise - fall)
    density, slope, below = _on_grid(bells, low, width, shift)
    under = _added_up(density, slope, h)
    under += below[:, None]
    np.minimum(np.maximum(under, _LEAST, out=under), 1.0, out=under)
    together = under.prod(axis=0)
    density /= under
    # Row by row, where a product of matrices would sum rows in ways of their own: equal arms share.
    density *= together
    shares: Floats = density.sum(axis=1) * h
    total = math.fsum(shares.tolist())
    if not abs(total - 1.0) < WRONG:
        return None
    shares /= total
    return shares


def _on_grid(bells: _Bells, low: float, width: Floats, shift: Floats) -> tuple[Floats, ...]:
    """Densities g(t) (n, m) at z = low + shift(t), their derivatives (n, m), and what lies below low (n,).

    Args:
        bells: n of them.
        low: where the grid starts.
        width: (m,) z'(t).
        shift: (m,) z(t) - low, which is z''(t) too.
    """
    location, scale, dof, peak = bells
    narrow = 1.0 / scale
    z = shift * narrow[:, None]
    z += ((low - location) * narrow)[:, None]
    square = z * z
    if dof is None:
        below = special.ndtr(z[:, 0])
        square *= -0.5
        z *= -narrow[:, None]
    else:
        below = special.stdtr(dof, z[:, 0])
        tails, power = dof[:, None], -(dof + 1.0)
        z *= (power * narrow)[:, None]
        z /= tails + square
        square /= tails
        np.log1p(square, out=square)
        square *= (0.5 * power)[:, None]
    density = np.exp(square, out=square)
    density *= (peak * narrow)[:, None]
    density *= width
    # d log g / dt = (log f)' z' + z'' / z'.
    slope = z
    slope *= width
    slope += shift / width
    slope *= density
    return density, slope, below


def _added_up(values: Floats, slopes: Floats, h: float) -> Floats:
    """(n, m) integrals from the first of m points h apart, by `values` (n, m) and their derivatives."""
    points = values.shape[1]
    if points <= FEW_POINTS:
        trapezes, ends = _rule(points)
        # One row at a time, each by the same steps: equal arms share.
        added: Floats = (values[:, None] @ trapezes)[:, 0]
        added *= h
        added += (slopes[:, None] @ (ends * (h * h)))[:, 0]
        return added
    added = np.cumsum(values, axis=1)
    added -= 0.5 * values
    at_ends = slopes * (-h / 12.0)
    at_ends[:, 1:-1] += (h / 720.0) * (slopes[:, 2:] - 2.0 * slopes[:, 1:-1] + slopes[:, :-2])
    added += at_ends
    added -= (at_ends[:, 0] + 0.5 * values[:, 0])[:, None]
    added *= h
    return added


@lru_cache(maxsize=FEW_POINTS)
def _rule(points: int) -> tuple[Floats, Floats]:
    """What `_added_up` does to values and to derivatives, (m, m) each, at step 1."""
    values = np.triu(np.ones((points, points)))
    values -= 0.5 * np.eye(points)
    values[0] = 0.5
    values[0, 0] = 0.0
    ends = np.eye(points) * (-1.0 / 12.0)
    inner = np.arange(1, points - 1)
    for neighbour, share in ((-1, 1.0), (0, -2.0), (1, 1.0)):
        ends[inner + neighbour, inner] += share / 720.0
    ends[0] += 1.0 / 12.0
    return values, ends
