"""`Placements`: how likely a policy brings arms to positions, whatever stands above. No log says that.

A policy is run again for it: over all orders of arms, which is exact, where these are few; else over some that are
drawn, and then whoever uses them tells their Monte Carlo error too. Refuses to know what is estimated with them.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from tamesu.base import InvalidInput, NoSupport, ShapeMismatch
from tamesu.evaluate.contrast import ROUNDING
from tamesu.evaluate.slates import Slates

Floats: TypeAlias = NDArray[np.float64]
Codes: TypeAlias = NDArray[np.intp]

Below: TypeAlias = Callable[[Slates, Codes], Floats]
"""Some slates (m,) and arms that shall stand above (m, l), instead of theirs, to a policy's distribution (m, K) at
position l; zeros where nobody is left. Arms are rows of `arms`; -1 where none could be placed."""

MOST_ORDERS = 2_000
"""Of arms above a position, that are looked at one by one."""


class Runs(NamedTuple):
    """How a policy is run again.

    Attributes:
        uniforms: (n,) in (0, 1) of a number n; none where no chance is allowed, and orders must be few.
        times: for each slate, rounded up to a multiple of `groups`.
        groups: of runs that are kept apart, so that their difference tells the error.
        most_orders: are looked at one by one, and nothing is drawn.
    """

    uniforms: Callable[[int], Floats] | None = None
    times: int = 256
    groups: int = 16
    most_orders: int = MOST_ORDERS


class Placements(NamedTuple):
    """How likely a policy brings arms to positions.

    Attributes:
        first: (G, n, L, K) an arm to a position; of each group of runs, one of them where it is exact.
        pairs: (G, n, L K, L K) one arm to one position and another one to another, row and column l K + a; none where
            nobody asked.
    """

    first: Floats
    pairs: Floats | None


def orders(arms: int, size: int) -> int:
    """How many orders of so many arms may stand above any position of a slate of that size."""
    return sum(math.perm(arms, above) for above in range(size))


def asks(slates: Slates, runs: Runs) -> int:
    """How many distributions a policy is asked for at most."""
    n, size, k = len(slates), slates.size, len(slates.arms)
    if orders(k, size) <= runs.most_orders:
        return n * orders(k, size)
    return n * size * runs.groups * -(-runs.times // runs.groups)


def placements_of(slates: Slates, below: Below, runs: Runs, *, pairs: bool = False) -> Placements:
    """How likely a policy brings arms to positions in these slates' decisions.

    Exact in O(orders n L K^2) where the orders are few; else the mean over runs, each a slate drawn arm by arm of which the
    whole distribution at every position counts: O(runs n L K).

    Args:
        slates: whose contexts and eligible arms it is asked in.
        below: the policy.
        runs: how often, and with which chance.
        pairs: whether those are asked for; they take L K times as much room and time.

    Raises:
        NoSupport: more orders than may be looked at, and no uniforms to draw them with.
        InvalidInput: fewer than two groups of runs, or runs.
        ShapeMismatch: a policy that gives another shape.
    """
    n, size, k = len(slates), slates.size, len(slates.arms)
    if orders(k, size) <= runs.most_orders:
        return _exactly(slates, below, pairs=pairs)
    if runs.uniforms is None:
        raise NoSupport(
            f"how likely arms come to positions must be measured where {orders(k, size):,} orders may stand above, "
            f"more than {runs.most_orders:,}; got no uniforms to draw them with",
            hint="hand in uniforms, or take reward_interaction, which needs no marginals",
        )
    if not 2 <= runs.groups <= runs.times:  # noqa: PLR2004 - a difference takes two
        raise InvalidInput(
            f"runs must be of at least two groups, each of one or more, got {runs.times} of {runs.groups}"
        )
    each = -(-runs.times // runs.groups)
    first = np.zeros((runs.groups, n, size, k))
    both = np.zeros((runs.groups, n, size * k, size * k)) if pairs else None
    for group in range(runs.groups):
        for _ in range(each):
            placed = _drawn(slates, below, runs.uniforms, first[group])
            if both is not None:
                # Of whole slates alone: only then is it a mean of squares, as its inverse needs.
                ones = np.zeros((n, size, k + 1))
                np.put_along_axis(ones, placed[:, :, None], 1.0, axis=2)
                slate = ones[:, :, :k].reshape(n, -1)
                both[group] += slate[:, :, None] * slate[:, None, :] / each
    return Placements(first / each, both)


def _exactly(slates: Slates, below: Below, *, pairs: bool) -> Placements:
    """Over every order of arms that may stand above a position, with how likely it does."""
    n, size, k = len(slates), slates.size, len(slates.arms)
    first = np.zeros((1, n, size, k))
    both = np.zeros((1, n, size, k, size, k)) if pairs else None
    likely: dict[tuple[int, ...], Floats] = {(): np.ones(n)}
    for at in range(size):
        lower: dict[tuple[int, ...], Floats] = {}
        for order, often in likely.items():
            shares = _asked(below, slates, np.tile(np.array(order, np.intp), (n, 1)))
            weighed = np.where((often > 0.0)[:, None], often[:, None] * shares, 0.0)
            first[0, :, at] += weighed
            if both is not None:
                for higher, arm in enumerate(order):
                    both[0, :, higher, arm, at] += weighed
                    both[0, :, at, :, higher, arm] += weighed
            if at + 1 < size:
                for arm in np.flatnonzero((weighed > 0.0).any(axis=0)).tolist():
                    lower[*order, arm] = weighed[:, arm]
        likely = lower
    if both is None:
        return Placements(first, None)
    np.einsum("gnlklk->gnlk", both)[...] = first
    return Placements(first, both.reshape(1, n, size * k, size * k))


def _drawn(slates: Slates, below: Below, uniforms: Callable[[int], Floats], first: Floats) -> Codes:
    """(n, L) arms that the policy might place instead, -1 where none; its distributions are added to `first`."""
    n = len(slates)
    above = np.empty((n, 0), np.intp)
    for at in range(slates.size):
        shares = _asked(below, slates, above)
        first[:, at] += shares
        sums = np.cumsum(shares, axis=1)
        taken = (sums <= uniforms(n)[:, None] * sums[:, -1:]).sum(axis=1)
        taken = np.where(sums[:, -1] > 0.0, taken, -1)
        above = np.concatenate([above, taken[:, None]], axis=1)
    return above


def _asked(below: Below, slates: Slates, above: Codes) -> Floats:
    shares = np.asarray(below(slates, above), dtype=np.float64)
    if shares.shape != (len(slates), len(slates.arms)):
        raise ShapeMismatch(
            f"a policy must give {(len(slates), len(slates.arms))} for so many slates, got {shares.shape}"
        )
    whole = shares.sum(axis=1)
    if not ((shares >= 0.0).all() and (np.minimum(whole, np.abs(whole - 1.0)) <= ROUNDING).all()):
        raise NoSupport("a policy's probabilities must add up to 1, or to 0 where nobody is left")
    return shares
