"""What a player with a context is. Plain Python, for any environment, like `player.py`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Made = tuple[int, Any, NDArray[np.float64]]
"""An arm, whatever `learn` needs to know of its decision, and the (features,) context."""


class ContextualPlayer(Protocol):
    """A bandit with arms 0 ... n - 1 that is told a context.

    Made as `Player(arms, features, seed, rewards)`, with `rewards` `binary` or `real`.
    """

    def decide(self, context: NDArray[np.float64]) -> tuple[int, Any]:
        """An arm, and whatever `learn` needs to know of this decision."""
        ...

    def learn(self, decisions: Sequence[Made], rewards: Sequence[float]) -> None:
        """Learns what came of one decision or more, each learnt once."""
        ...

    def propensities(self, context: NDArray[np.float64]) -> NDArray[np.float64] | None:
        """(n,) with what probability each arm would be chosen now; none where it cannot tell."""
        ...
