"""Estimated losses, which say nothing of how sure they are."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tamesu.policy.families.unsure import WithoutPosterior

Floats = NDArray[np.float64]


class LossesFamily(WithoutPosterior):
    """n sums of estimated losses; no posteriors, so whoever asks for one has a defect.

    Attributes:
        loss: (n,) at least 0: the estimated sum of each arm's losses, in [0, 1] each, had it always been
            chosen.
        rounds: (n,) at least 0: of how many decisions, as estimated in the same way.
        low, high: bounds of the reward: a loss of 1, and of 0.
    """

    __slots__ = ("high", "loss", "low", "rounds")

    lacks = "losses have no posterior: an explorer that needs one must not be composed with them"

    def __init__(self, loss: Floats, rounds: Floats, low: float, high: float) -> None:
        self.loss = loss
        self.rounds = rounds
        self.low = low
        self.high = high

    def take(self, rows: NDArray[np.intp]) -> LossesFamily:
        """The sums at `rows`."""
        return LossesFamily(self.loss[rows], self.rounds[rows], self.low, self.high)

    def mean(self) -> Floats:
        """(n,) expected reward, by the mean loss of the rounds; the middle where there were none."""
        seen = self.rounds > 0.0
        rate = np.where(seen, self.loss / np.where(seen, self.rounds, 1.0), 0.5)
        return np.clip(self.high - (self.high - self.low) * rate, self.low, self.high)

    def deviation(self) -> Floats:
        """(n,) infinite: nothing is known of it."""
        return np.full(len(self.loss), np.inf)

    def quantile(self, q: float | Floats) -> Floats:
        """The nearer bound: nothing closer is known."""
        shape = np.broadcast_shapes(np.shape(q), self.loss.shape)
        return np.broadcast_to(np.where(np.less(q, 0.5), self.low, self.high), shape).copy()
