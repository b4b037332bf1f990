"""A world of arms that are worth something by each of several objectives.

Refuses to say which arm is the best: a mixture of arms may be better than any of them.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tamesu.base import InvalidInput, ShapeMismatch
from tamesu.base.aims import Aims
from tamesu.policy.objectives import best_of, index_of


class SeveralWorld:
    """n arms; by objective d a delivery comes to the whole of its range with the rate of its arm, else to nothing.

    Objectives are drawn independently. What a distribution over arms is worth is the index of what it expects
    by objective: of shares a sum, which the best arm has most of; by rank, what the best mixture has.

    Example:
        >>> aims = Aims(
        ...     ("a", "b"),
        ...     "gini",
        ...     (1, 0.5),
        ...     (("x",), ("y",)),
        ...     ((0, 1), (0, 1)),
        ...     (0.5, 0.5),
        ...     ((), ()),
        ... )
        >>> SeveralWorld(np.array([[1.0, 0.0], [0.0, 1.0]]), aims).best.tolist()
        [0.5, 0.5]

    Args:
        rates: (n, D) in [0, 1].
        aims: D objectives, as they are to be judged.

    Attributes:
        best: (n,) the best mixture.
        most: its index.
        even: the index of uniform choice.
    """

    def __init__(self, rates: NDArray[np.float64], aims: Aims) -> None:
        if rates.ndim != 2 or rates.shape[1] != len(aims.names):  # noqa: PLR2004 - arms and objectives
            raise ShapeMismatch(
                f"rates must have a column for each of {len(aims.names)} objectives, got the shape "
                f"{rates.shape}"
            )
        if not np.all((rates >= 0.0) & (rates <= 1.0)):
            raise InvalidInput("rates must lie in [0, 1]")
        self.rates, self._aims = rates, aims
        self.best = best_of(aims, rates)
        self.most = self.worth(self.best)
        self.even = self.worth(np.full(len(rates), 1.0 / len(rates)))

    def worth(self, shares: NDArray[np.float64]) -> float:
        """What a distribution over the arms, `shares` (n,), is worth."""
        return float(index_of(self._aims, shares @ self.rates))

    def rewards(self, arms: NDArray[np.intp], uniforms: NDArray[np.float64]) -> NDArray[np.float64]:
        """(m, D) 1 or 0 of m deliveries of `arms` (m,), drawn at `uniforms` (m, D) in [0, 1)."""
        return (uniforms < self.rates[arms]).astype(np.float64)
