"""What each arm of a bandit in memory earned: the rewards it was learnt with, added up.

Beside the state, which keeps what a belief needs of them: clipped ones, or faded ones. Whole numbers on
the grid, so no order changes them. Refuses to know what anybody believes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from operator import add

from tamesu.base import GRID, Corrupt
from tamesu.policy import Batch
from tamesu.policy.integers import by_group


class Earned:
    """Sums of rewards by arm and position.

    Args:
        positions: how many positions are kept apart.
        together: how many arms are delivered as one; each of them earns its reward.
    """

    __slots__ = ("_positions", "_sums", "_together")

    def __init__(self, positions: int, together: int = 1) -> None:
        self._positions = positions
        self._together = together
        self._sums: dict[str, list[int]] = {}

    def add(self, batch: Batch, delivered: Callable[[str], Sequence[str]]) -> None:
        """Adds the rewards of a batch.

        Args:
            batch: with positions from 0.
            delivered: the arms that a delivery of one of its arms delivers.
        """
        sums, apart = self._sums, self._positions
        arms, codes = batch.numbered
        cells = codes if apart == 1 else codes * apart + batch.position
        earned = by_group(cells, len(arms) * apart, batch.reward).tolist()
        for number, arm in enumerate(arms):
            of_arm = earned[number * apart : (number + 1) * apart]
            for part in delivered(arm):
                before = sums.get(part)
                sums[part] = of_arm if before is None else [*map(add, before, of_arm)]

    def of(self, arm: str, position: int | None) -> float:
        """What `arm` earned; at `position`, where positions are kept apart."""
        return self._sums.get(arm, [0] * self._positions)[position or 0] / GRID

    @property
    def total(self) -> float:
        """What was earned in all."""
        return sum(sum(of_arm) for of_arm in self._sums.values()) // self._together / GRID

    def plain(self) -> dict[str, list[str]]:
        """Everything, as texts: these numbers have no largest."""
        return {arm: [str(one) for one in of_arm] for arm, of_arm in self._sums.items()}

    @classmethod
    def of_plain(cls, positions: int, together: int, plain: Mapping[str, Sequence[str]]) -> Earned:
        """What `plain` gave.

        Raises:
            Corrupt: something else.
        """
        earned = cls(positions, together)
        try:
            earned._sums = {arm: [int(one) for one in of_arm] for arm, of_arm in plain.items()}
        except ValueError as problem:
            raise Corrupt(f"what arms earned does not read: {problem}") from problem
        if any(len(of_arm) != positions for of_arm in earned._sums.values()):
            raise Corrupt(f"what arms earned must be told for {positions} positions")
        return earned
