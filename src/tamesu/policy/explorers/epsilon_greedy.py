"""Epsilon-greedy explorer: the arm with the highest mean, and now and then any other."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tamesu.base import Declaration, InvalidDeclaration
from tamesu.policy.contract import Explorer, ExplorerOptions, Marginals, PropensitiesOf
from tamesu.policy.explorers.greedy import highest
from tamesu.policy.many import Sheet
from tamesu.policy.objectives import Best, MixtureOfMeans
from tamesu.policy.uniforms import Uniforms

EPSILON = 0.1
"""Share of the probability that is spread evenly, if not told otherwise."""


class Options(ExplorerOptions, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Options of the epsilon-greedy explorer.

    Attributes:
        epsilon: share of the probability that is spread evenly over the eligible arms, [0, 1]; 0 is
            the greedy policy.
    """

    epsilon: float = EPSILON


class EpsilonGreedyExplorer:
    """p_a = epsilon / k, and (1 - epsilon) / m more for each of the m arms with the highest mean.

    Of k eligible arms; with one best arm that is 1 - epsilon + epsilon / k for it and epsilon / k
    for each other. Equal means share, to the bit. Needs a mean and nothing else of a belief. O(k).

    With `explore` e the uniform share is e + (1 - e) epsilon in all: one of the two is enough.

    Regret grows linearly with slope epsilon times the mean gap, for ever, and faster while the best
    mean is the wrong one. It is the policy to compare others with, not the one to run: it never
    stops trying the arms that it knows to be bad, and among the rest it does not care which one it
    knows least. What it gives is logs in which every arm has at least epsilon / k.

    Source: Sutton & Barto 2018, Reinforcement learning, section 2.2; the ties are our own.
    """

    families = None
    looks = 1

    def __init__(self, epsilon: float, explore: float) -> None:
        self.explore = explore
        self._epsilon = epsilon

    def draws(self, marginals: Marginals) -> int | None:
        """None: exact."""
        del marginals
        return None

    def over(self, marginals: Marginals) -> PropensitiesOf:
        """The distribution over any subset, by its means."""
        mean = marginals.family.mean()
        epsilon = self._epsilon

        def propensities(rows: NDArray[np.intp], uniforms: Uniforms | None) -> NDArray[np.float64]:
            del uniforms
            return epsilon_greedy(mean[rows], epsilon)

        return propensities

    def over_objectives(self, best: Best, key: bytes) -> Explorer:
        """The best mixture by the means of several objectives, and now and then any arm."""
        del key
        return MixtureOfMeans(best, self._epsilon, self.explore)

    def many(self, sheet: Sheet, rows: NDArray[np.intp]) -> NDArray[np.float64]:
        """(m, k) propensities of the arms at `rows` (k,) in m contexts."""
        return epsilon_greedy(sheet.mean()[:, rows], self._epsilon)


def epsilon_greedy(mean: NDArray[np.float64], epsilon: float) -> NDArray[np.float64]:
    """(..., k) propensities of k arms by their `mean` (..., k), epsilon in [0, 1].

    Example:
        >>> epsilon_greedy(np.array([0.1, 0.3, 0.2, 0.3]), 0.2)
        array([0.05, 0.45, 0.05, 0.45])
    """
    shares: NDArray[np.float64] = epsilon / mean.shape[-1] + (1.0 - epsilon) * highest(mean)
    return shares


def build(options: Options, declaration: Declaration) -> EpsilonGreedyExplorer:
    """The epsilon-greedy explorer of a declaration.

    Raises:
        InvalidDeclaration: an epsilon outside [0, 1].
    """
    del declaration
    if not 0.0 <= options.epsilon <= 1.0:
        raise InvalidDeclaration(
            f"policy.explorer.epsilon must lie in [0, 1], got {options.epsilon:g}",
            hint=f"the share of requests that try any arm, such as {EPSILON:g}",
        )
    return EpsilonGreedyExplorer(options.epsilon, options.explore)
