"""`Found`: the combinations that searches ended at, and the distribution that is made of them.

p(c) = s f(c) + (1 - s) / n: of n combinations each has an even share of 1 - s, and those that were found
share s. Refuses to search.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from tamesu.policy.combination.search import Floats
from tamesu.policy.combination.space import Among, Rows
from tamesu.policy.uniforms import Uniforms

WHICH = 0
"""The counter of the uniform that chooses among those found; those that fill slots evenly follow."""


class Drawn(NamedTuple):
    """A combination and its propensity."""

    rows: tuple[int, ...]
    propensity: float


class Found:
    """The distribution over the combinations of `among`.

    Laws: propensities of all combinations add up to 1; `pick` gives each as often as `propensity` says.

    Attributes:
        even: what every combination has.
        shares: what those that were found have beyond it, by their rows.
        options: (o,) probability of each option to be in the combination chosen.

    Args:
        among: which there are.
        chosen: (m, k) rows of what was found; repeated as often as it was.
        share: (m,) of each, adding up to 1; nothing where m is 0.
        searched: their probability in all, s; the rest is even.
    """

    def __init__(self, among: Among, chosen: Rows, share: Floats, searched: float) -> None:
        self._among = among
        self.even: float = (1.0 - searched) / among.count
        distinct, whose = np.unique(chosen, axis=0, return_inverse=True)
        shares = searched * np.bincount(whose.reshape(-1), share, len(distinct))
        self._rows = [tuple(rows) for rows in distinct.tolist()]
        self._cumulative: list[float] = np.cumsum(shares).tolist()
        self.shares: Mapping[tuple[int, ...], float] = dict(
            zip(self._rows, shares.tolist(), strict=True)
        )
        self.options = (1.0 - searched) * among.even
        np.add.at(self.options, distinct, shares[:, None])

    def propensity(self, rows: tuple[int, ...]) -> float:
        """Of the combination at `rows`, which is one of `among`."""
        return self.shares.get(rows, 0.0) + self.even

    def pick(self, uniforms: Uniforms) -> Drawn:
        """The combination at a decision's uniforms."""
        uniform = uniforms(WHICH)
        # What rounding leaves above the last sum is even, where anything is, else the last one's.
        if self._rows and (uniform < self._cumulative[-1] or not self.even):
            place = min(bisect_right(self._cumulative, uniform), len(self._rows) - 1)
            rows = self._rows[place]
        else:
            slots = range(WHICH + 1, WHICH + 1 + len(self._among.starts[0]))
            rows = tuple(self._among.draw([uniforms(counter) for counter in slots]).tolist())
        return Drawn(rows, self.propensity(rows))
