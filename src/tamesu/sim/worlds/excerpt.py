"""`Excerpt`: a logged world as a bandit plays it, its arms by row. Refuses arms that were not logged."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tamesu.base import InvalidInput
from tamesu.sim.worlds.logged import LoggedWorld
from tamesu.sim.worlds.positioned import PositionedWorld


class Excerpt(PositionedWorld):
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
        places = np.arange(size)
        super().__init__(
            np.stack([world.rates_of(arms, np.full(len(arms), p)) for p in places], axis=1)
        )
        self._world = world
        self._arms = np.array(arms, dtype=object)

    def rewards(self, arms: NDArray[np.intp], uniforms: NDArray[np.float64]) -> NDArray[np.float64]:
        """(m, k) clicks, each drawn from the rows logged for that arm at that position."""
        places = np.broadcast_to(np.arange(arms.shape[1], dtype=np.int64), arms.shape)
        clicks = self._world.draw_many(
            self._arms[arms.ravel()].tolist(), places.ravel(), uniforms.ravel()
        )
        return clicks.reshape(arms.shape).astype(np.float64)
