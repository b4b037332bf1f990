"""A world that turns against who plays: what one leans on pays least.

No traffic of people is like this. It is the worst case that the literature on adversarial bandits
proves things about, and shows what a policy is worth that can be foreseen. Refuses to look further
than at the next distribution.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tamesu.sim.worlds.bernoulli import BernoulliWorld

SCATTER = 1e6 * (1 + 5**0.5) / 2
"""Times the progress of a run, of which the fraction says whose turn it is: an irrational number, so that
turns are spread evenly however many steps a run has."""

DIGITS = 9
"""Shares that are equal to so many digits are equal: the rest is rounding."""


class AdversarialWorld(BernoulliWorld):
    """n rates that are handed out to n arms anew whenever the learner has learnt: against it.

    The arm with the largest share of the learner's next distribution gets the lowest rate, the arm
    with the smallest the highest. Among equal shares, arms take their turns. So somebody who foresaw
    the world would earn the highest rate each time, which nobody can; what a policy is held against
    here is the best arm *held fixed*. Uniform play, which leans on nothing, loses next to nothing
    against that; a policy that is sure of itself loses at every round.

    Example:
        >>> world = AdversarialWorld([0.1, 0.2, 0.3])
        >>> world.facing(np.array([0.7, 0.1, 0.2])).rates
        array([0.1, 0.3, 0.2])

    Args:
        rates: (n,) in [0, 1], in any order.
        turn: which arm is first among equals.

    Source: our own. What can be guaranteed against rewards like these is the matter of Auer,
    Cesa-Bianchi, Freund & Schapire, The nonstochastic multiarmed bandit problem, SIAM J. Comput. 32,
    2002.
    """

    def __init__(self, rates: Sequence[float] | NDArray[np.float64], *, turn: int = 0) -> None:
        super().__init__(np.sort(np.asarray(rates, dtype=np.float64)))
        self._turn = turn

    def at(self, progress: float) -> AdversarialWorld:
        """The same at this share of the way, [0, 1]: other arms are first among equals."""
        return AdversarialWorld(self.rates, turn=int(len(self.rates) * (progress * SCATTER % 1)))

    def facing(self, shares: NDArray[np.float64]) -> BernoulliWorld:
        """The world that a learner meets whose next distribution is `shares` (n,)."""
        n = len(self.rates)
        turned = (np.arange(n) - self._turn) % n
        favourites_first = np.lexsort((turned, -np.round(shares, DIGITS)))
        rates = np.empty(n)
        rates[favourites_first] = self.rates  # rising
        return BernoulliWorld(rates)
