"""What a player is: a bandit of some library, behind three calls. Plain Python, for any environment.

Refuses to be fast or slow by itself: a player hands on, in the form its library asks for.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray


class Player(Protocol):
    """A bandit with arms 0 ... n - 1.

    Made as `Player(arms, seed, rewards)`, with `rewards` `binary` or `real`.
    """

    def decide(self) -> tuple[int, Any]:
        """An arm, and whatever `learn` needs to know of this decision."""
        ...

    def learn(self, decisions: Sequence[tuple[int, Any]], rewards: Sequence[float]) -> None:
        """Learns what came of one decision or more, each learnt once."""
        ...

    def propensities(self) -> NDArray[np.float64] | None:
        """(n,) with what probability each arm would be chosen now; none where it cannot tell."""
        ...


def one_hot(arms: Sequence[int], n: int) -> NDArray[np.float64]:
    """(n,) all probability on these arms, evenly: what a rule without chance gives."""
    vector = np.zeros(n)
    vector[list(arms)] = 1.0 / len(arms)
    return vector
