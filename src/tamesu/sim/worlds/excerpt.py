"""`Excerpt`: a logged world as a bandit plays it, its arms by row. Refuses arms that were not logged."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from tamesu.base import InvalidInput
from tamesu.sim.worlds.logged import LoggedWorld


class Excerpt:
    """Some arms of a logged world, at its first positions.

    Args:
        world: the log.
        arms: ids of items, in the bandit's order.
        size: arms of a decision.

    Raises:
        NotFound: an arm that was not logged.
        InvalidInput: more arms in a decision than the log has positions.
    """

    def __init__(self, world: LoggedWorld, arms: Sequence[str], size: int) -> None:
        if size > world.positions:
            raise InvalidInput(
                f"a decision may have {world.positions} arms in this world, the positions that were "
                f"logged; got {size}"
            )
        self._world = world
        self._arms = np.array(arms, dtype=object)
        places = np.arange(size)
        self._rates = np.stack(
            [world.rates_of(arms, np.full(len(arms), p)) for p in places], axis=1
        )

    def at(self, progress: float) -> Excerpt:
        """Itself: what was logged does not change."""
        del progress
        return self

    def expected(self, arms: NDArray[np.intp]) -> NDArray[np.float64]:
        """(m, k) logged click rates, each at its position."""
        rates: NDArray[np.float64] = self._rates[arms, np.arange(arms.shape[1])]
        return rates

    def rewards(self, arms: NDArray[np.intp], uniforms: NDArray[np.float64]) -> NDArray[np.float64]:
        """(m, k) clicks, each drawn from the rows logged for that arm at that position."""
        places = np.broadcast_to(np.arange(arms.shape[1], dtype=np.int64), arms.shape)
        clicks = self._world.draw_many(
            self._arms[arms.ravel()].tolist(), places.ravel(), uniforms.ravel()
        )
        return clicks.reshape(arms.shape).astype(np.float64)

    def best(self, size: int) -> float:
        """Of the assignment of `size` arms to positions that earns most, solved exactly."""
        rows, columns = linear_sum_assignment(self._rates[:, :size], maximize=True)
        return float(self._rates[rows, columns].sum())

    def gaps(self) -> NDArray[np.float64]:
        """(n,) at position 0."""
        first = self._rates[:, 0]
        gaps: NDArray[np.float64] = first.max() - first
        return gaps
