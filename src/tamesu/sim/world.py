"""`World` and `ContextualWorld`: what a policy can be played against.

Arms are rows, 0 to n - 1, in the order of the bandit's declaration. Every draw is made from uniforms
that the caller brings, so that two policies can be compared on the same luck. Refuses to know more of
who plays than its next distribution.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray


class ContextualWorld(Protocol):
    """n arms of which each is worth, in a context of d numbers, what these say.

    Laws: the mean over the uniforms of the sum of `rewards` is `earned`; no decision of k arms earns more
    than `best`.
    """

    def expected(self, contexts: NDArray[np.float64]) -> NDArray[np.float64]:
        """(m, n) expected reward of every arm, delivered alone, in m contexts (m, d)."""
        ...

    def earned(self, expected: NDArray[np.float64], arms: NDArray[np.intp]) -> NDArray[np.float64]:
        """(m,) expected reward of decisions of `arms` (m, k), each of whom alone earns `expected` (m, n)."""
        ...

    def best(self, expected: NDArray[np.float64], size: int) -> NDArray[np.float64]:
        """(m,) of the best decisions of `size` arms."""
        ...

    def uniform(self, expected: NDArray[np.float64], size: int) -> NDArray[np.float64]:
        """(m,) of decisions of `size` different arms by chance, in the mean."""
        ...

    def rewards(
        self,
        contexts: NDArray[np.float64],
        arms: NDArray[np.intp],
        uniforms: NDArray[np.float64],
    ) -> NDArray[np.float64]:
        """(m, k) rewards of `arms` (m, k) in `contexts` (m, d), drawn at `uniforms` (m, k) in [0, 1)."""
        ...


class World(Protocol):
    """n arms that can be shown at positions, and what they are truly worth there.

    Laws: the mean of `rewards` over the uniforms is `expected`; no decision of k arms is expected to
    earn more than `best(k)`; `gaps` has a 0 in it; what an arm earns does not depend on its
    neighbours, but in a cascade.
    """

    def at(self, progress: float) -> World:
        """The world at this share, [0, 1], of the way through a run; itself where nothing changes."""
        ...

    def facing(self, shares: NDArray[np.float64]) -> World:
        """The world that a learner meets whose next distribution, at position 0, is `shares` (n,).

        Itself, but for a world that plays against the learner. It is asked after `at`.
        """
        ...

    def expected(self, arms: NDArray[np.intp]) -> NDArray[np.float64]:
        """(m, k) expected rewards of m decisions of k arms, at positions 0 to k - 1."""
        ...

    def rewards(self, arms: NDArray[np.intp], uniforms: NDArray[np.float64]) -> NDArray[np.float64]:
        """(m, k) rewards of the same, drawn at `uniforms` (m, k) in [0, 1)."""
        ...

    def best(self, size: int) -> float:
        """What the best decision of `size` arms is expected to earn, all positions together."""
        ...

    def gaps(self) -> NDArray[np.float64]:
        """(n,) what each arm is expected to fall short of the best one at position 0."""
        ...
