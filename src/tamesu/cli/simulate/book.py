"""The book of one run: what it came to by each mark. Refuses to know the policy or the world."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tamesu.sim import Evaluability, Step, best_assignment

LEAST = 1e-9
"""Less than this is no gain: rounding."""


class Book:
    """Figures of a run at its marks, noted step by step.

    Attributes:
        regret, fixed, gained: as `Run` describes them, one number for each mark passed.
        earned: rewards so far.
        evaluability: of the last distribution.
    """

    def __init__(self, marks: Sequence[int]) -> None:
        self._marks = list(marks)
        self.regret: list[float] = []
        self.fixed: list[float] = []
        self.gained: list[float] = []
        self.earned = 0.0
        self.evaluability = Evaluability(best=0.0, never=0.0, effective=0.0)
        self._lost = self._worth = self._more = self._most = 0.0
        self._truth: NDArray[np.float64] = np.zeros(())

    def note(self, step: Step) -> None:
        """Adds the next step of the run."""
        done, count = 0, len(step.lost)
        while done < count:
            mark = self._marks[0] - step.first if self._marks else count
            until = min(mark, count)
            lost = float(step.lost[done:until].sum())
            rounds, best = until - done, float(step.best[done:until].sum())
            self._lost += lost
            self._worth += best - lost
            if step.truth is not None:
                self._truth = self._truth + rounds * step.truth
            self._more += best - rounds * step.uniform - lost
            self._most += best - rounds * step.uniform
            done = until
            if until == mark and self._marks:
                self._close()
        self.earned += float(step.earned.sum())
        self.evaluability = step.evaluability

    def _close(self) -> None:
        self._marks.pop(0)
        self.regret.append(self._lost)
        # Without a truth by arm nothing changes, and the best of each moment is the best held fixed.
        held = best_assignment(self._truth) - self._worth if self._truth.ndim else self._lost
        self.fixed.append(held)
        # Where all decisions are alike, everybody plays best.
        self.gained.append(self._more / self._most if self._most > LEAST else 1.0)
        self._more = self._most = 0.0
