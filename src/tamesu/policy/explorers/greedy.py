"""Greedy explorer: the arm with the highest mean, and no other."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tamesu.base import Declaration
from tamesu.policy.contract import Explorer, ExplorerOptions, Marginals, PropensitiesOf
from tamesu.policy.many import Sheet
from tamesu.policy.objectives import Best, MixtureOfMeans
from tamesu.policy.uniforms import Uniforms
from tamesu.policy.wins import are_highest


class Options(ExplorerOptions, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Options of the greedy explorer."""


class GreedyExplorer:
    """p_a = 1 / m for each of the m arms with the highest mean, 0 for all others. O(k) of k arms.

    Needs a mean and nothing else of a belief. Propensities are 0 or 1 but for ties, so its logs
    evaluate no other policy; `explore` gives every arm a share.

    It never tries: an arm whose first rewards were bad stays where it is, however little is known
    of it, so regret grows linearly with positive probability. To run a policy that has finished
    learning, freeze its bandit; to compare others with the least that can be done, this.

    Source: Sutton & Barto 2018, Reinforcement learning, section 2.2.
    """

    families = None
    looks = 1

    def __init__(self, explore: float) -> None:
        self.explore = explore

    def draws(self, marginals: Marginals) -> int | None:
        """None: exact."""
        del marginals
        return None

    def over(self, marginals: Marginals) -> PropensitiesOf:
        """The distribution over any subset, by its means."""
        return on_highest(marginals.family.mean())

    def over_objectives(self, best: Best, key: bytes) -> Explorer:
        """The best mixture by the means of several objectives."""
        del key
        return MixtureOfMeans(best, 0.0, self.explore)

    def many(self, sheet: Sheet, rows: NDArray[np.intp]) -> NDArray[np.float64]:
        """(m, k) propensities of the arms at `rows` (k,) in m contexts."""
        return highest(sheet.mean()[:, rows])


def on_highest(score: NDArray[np.float64]) -> PropensitiesOf:
    """The distribution over any subset that lies on its highest `score` (n,); equal ones share."""

    def propensities(rows: NDArray[np.intp], uniforms: Uniforms | None) -> NDArray[np.float64]:
        del uniforms
        return highest(score[rows])

    return propensities


def highest(score: NDArray[np.float64]) -> NDArray[np.float64]:
    """(..., k) shares of k arms where the highest `score` (..., k) has all; equal ones share, to the bit.

    Scores may be infinite, not NaN.

    Example:
        >>> highest(np.array([0.1, 0.3, 0.2, 0.1 + 0.2]))
        array([0. , 0.5, 0. , 0.5])
    """
    best = are_highest(score)
    shares: NDArray[np.float64] = best / best.sum(axis=-1, keepdims=True)
    return shares


def build(options: Options, declaration: Declaration) -> GreedyExplorer:
    """The greedy explorer of a declaration."""
    del declaration
    return GreedyExplorer(options.explore)
