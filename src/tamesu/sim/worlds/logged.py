"""`LoggedWorld`: a world whose every reward really happened.

A log of a uniformly random policy holds, for each arm at each position, the clicks that real people
gave or did not give. Showing an arm there draws one of those rows again, with replacement: rewards
are real, and the true rate of each pair is its share of clicks in the log. What such a world cannot
know: who is looking (rows are drawn without regard to the person), and whether neighbours on the
same page take clicks from each other. Refuses to read files.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import linear_sum_assignment

from tamesu.base import NoSupport, NotFound, ShapeMismatch


@dataclass(frozen=True, slots=True)
class Assignment:
    """One arm for each position, and what they earn.

    Attributes:
        arms: (positions,) ids, all different.
        rates: (positions,) the true click rate of each where it stands.
    """

    arms: tuple[str, ...]
    rates: tuple[float, ...]

    @property
    def clicks(self) -> float:
        """Expected clicks of one slate: the sum of the rates."""
        return sum(self.rates)

    @property
    def rate(self) -> float:
        """Expected click rate of a delivery: the mean of the rates."""
        return self.clicks / len(self.rates)


class LoggedWorld:
    """A world made of a log: `draw` gives a click that was logged for that arm and position.

    Args:
        item_id: (n,) whole numbers, the arm that was shown.
        position: (n,) whole numbers, where; the least one becomes position 0.
        click: (n,) 0 or 1.

    Raises:
        ShapeMismatch: columns of different lengths.
        NoSupport: no rows, a click that is not 0 or 1, or an arm never logged at some position: its
            rate there would be unknown.

    Example:
        >>> world = LoggedWorld([7, 7, 9, 9], [1, 2, 1, 2], [0, 1, 0, 0])
        >>> world.arms, world.draw("7", 1, 0.5)
        (('7', '9'), 1)
    """

    def __init__(self, item_id: ArrayLike, position: ArrayLike, click: ArrayLike) -> None:
        items, places, clicks = (
            np.asarray(values).ravel() for values in (item_id, position, click)
        )
        if not items.shape == places.shape == clicks.shape:
            raise ShapeMismatch(
                "item_id, position and click must have one row each per delivery, got "
                f"{items.shape}, {places.shape} and {clicks.shape}"
            )
        if items.size == 0:
            raise NoSupport("a logged world needs at least one logged delivery, got none")
        if not np.isin(clicks, (0, 1)).all():
            raise NoSupport("click must be 0 or 1 in every row")
        ids, rows = np.unique(items.astype(np.int64), return_inverse=True)
        self._arms = tuple(str(item) for item in ids)
        self._rows = {arm: row for row, arm in enumerate(self._arms)}
        columns = places.astype(np.int64) - int(places.min())
        self._positions = int(columns.max()) + 1
        # One cell for each arm and position; a cell's clicks lie side by side.
        cells = rows * self._positions + columns
        order = np.argsort(cells, kind="stable")
        self._clicks = clicks[order].astype(np.int64)
        shape = (len(self._arms), self._positions)
        self._counts = np.bincount(cells, minlength=shape[0] * shape[1])
        self._starts = np.concatenate(([0], np.cumsum(self._counts)[:-1]))
        self._refuse_holes(shape)
        sums = np.bincount(cells, weights=clicks, minlength=shape[0] * shape[1])
        self._rates: NDArray[np.float64] = (sums / self._counts).reshape(shape)
        self._rates.flags.writeable = False

    @property
    def arms(self) -> tuple[str, ...]:
        """Ids of the items as text, in ascending order of their numbers."""
        return self._arms

    @property
    def rates(self) -> NDArray[np.float64]:
        """(n_arms, positions) true click rates; read-only."""
        return self._rates

    @property
    def positions(self) -> int:
        """How many positions the log has."""
        return self._positions

    @property
    def logged_rate(self) -> float:
        """Click rate of the log itself: what the policy that wrote it earned."""
        return float(self._clicks.mean())

    @property
    def logged(self) -> int:
        """How many deliveries the log holds."""
        return int(self._clicks.size)

    def draw(self, arm: str, position: int, uniform: float) -> int:
        """1 if the logged row that `uniform` in [0, 1) picks for `arm` at `position` has a click.

        Raises:
            NotFound: no such arm.
            ShapeMismatch: no such position.
        """
        return int(self.draw_many([arm], [position], np.array([uniform]))[0])

    def draw_many(
        self,
        arms: Sequence[str],
        positions: Sequence[int] | NDArray[np.int64],
        uniforms: NDArray[np.float64],
    ) -> NDArray[np.int64]:
        """(n,) clicks of n deliveries: `draw` of each arm (n,), position (n,) and uniform (n,)."""
        cells = self._cells(arms, positions)
        picked = (uniforms * self._counts[cells]).astype(np.int64)
        # A uniform just below 1 may round up to the count itself.
        picked = np.minimum(picked, self._counts[cells] - 1)
        return self._clicks[self._starts[cells] + picked]

    def rates_of(
        self, arms: Sequence[str], positions: Sequence[int] | NDArray[np.int64]
    ) -> NDArray[np.float64]:
        """(n,) true rates of n deliveries."""
        found: NDArray[np.float64] = self._rates.ravel()[self._cells(arms, positions)]
        return found

    def best_assignment(self) -> Assignment:
        """The arms, one a position and all different, that earn the most clicks together.

        A linear assignment problem over `rates`, solved exactly.
        """
        rows, columns = linear_sum_assignment(self._rates, maximize=True)
        order = np.argsort(columns)
        best: list[int] = rows[order].tolist()
        return Assignment(
            tuple(self._arms[row] for row in best),
            tuple(float(rate) for rate in self._rates[rows, columns][order]),
        )

    def best_set(self, size: int) -> Assignment:
        """The `size` arms with the highest mean over the positions, best first.

        What can be earned at most where positions count equally and the order is left to chance;
        each rate is the arm's mean.
        """
        means = self._rates.mean(axis=1)
        rows: list[int] = np.argsort(-means, kind="stable")[:size].tolist()
        return Assignment(
            tuple(self._arms[row] for row in rows), tuple(float(means[row]) for row in rows)
        )

    def _cells(
        self, arms: Sequence[str], positions: Sequence[int] | NDArray[np.int64]
    ) -> NDArray[np.int64]:
        try:
            rows = np.array([self._rows[arm] for arm in arms], dtype=np.int64)
        except KeyError as error:
            raise NotFound.arms([str(error.args[0])], self._arms) from error
        columns = np.asarray(positions, dtype=np.int64)
        if columns.size and not 0 <= columns.min() <= columns.max() < self._positions:
            raise ShapeMismatch(
                f"positions must lie in 0..{self._positions - 1}, got {columns.min()} to "
                f"{columns.max()}"
            )
        return rows * self._positions + columns

    def _refuse_holes(self, shape: tuple[int, int]) -> None:
        holes = np.flatnonzero(self._counts == 0)
        if holes.size:
            row, column = divmod(int(holes[0]), shape[1])
            raise NoSupport(
                f"every arm must be logged at every position, got none of arm {self._arms[row]!r} "
                f"at position {column} ({holes.size} such pairs)",
                hint="use a larger log",
            )
