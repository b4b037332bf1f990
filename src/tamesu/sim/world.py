"""`World`: a place where the truth is known, for a policy to be tried out in.

Every world tells its true rates, so that what a policy earned can be held against what could have
been earned. Refuses to own randomness: each draw gets its uniform as an argument.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray


class World(Protocol):
    """Arms at positions, each pair with a true mean reward.

    Attributes:
        arms: ids, in the order of the rows of `rates`.
        rates: (n_arms, positions) true mean rewards; one column where positions do not matter.
    """

    @property
    def arms(self) -> tuple[str, ...]:
        """Ids, in the order of the rows of `rates`."""
        ...

    @property
    def rates(self) -> NDArray[np.float64]:
        """(n_arms, positions) true mean rewards."""
        ...

    def draw(self, arm: str, position: int, uniform: float) -> float:
        """The reward of showing `arm` at `position` (from 0) once.

        Args:
            arm: an id out of `arms`.
            position: from 0.
            uniform: a number in [0, 1); the same number draws the same reward.

        Raises:
            NotFound: the world has no such arm.
        """
        ...
